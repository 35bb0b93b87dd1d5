package org.moe4j.model.zoo;

import java.util.List;
import java.util.Set;

import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Norm;

/**
 * PanGu-Sigma (Ren et al. 2023): the lower blocks dense and shared by all domains, the upper ones random routed experts, a group for each
 * domain; and the dense PanGu-Alpha (Zeng et al. 2021) that its experts were started from. The shape is recalled, not read; that it gives
 * the printed total speaks for it.
 */
final class PanGuModels {
    private static final int DIM = 5120;
    private static final int HIDDEN = 20_480;
    private static final int HEADS = 40;
    private static final int LAYERS = 40;
    private static final int SPARSE = 8;
    private static final int EXPERTS = 640;
    private static final int DOMAINS = 4;
    private static final int VOCABULARY = 40_000;
    private static final int SEQUENCE = 1024;
    private static final FeedForwardSpec DENSE = new DenseFeedForward.Spec(HIDDEN, Activation.GELU, false);
    private static final String SHAPE = "Recalled, not read: 40 layers of width 5120 with 40 heads and two matrices of 20480. Not in the sources: positions (rotary ones "
        + "stand for them, which have no parameters), the sequence of 1024";

    private PanGuModels() {}

    static List<Architecture> all() {
        return List.of(
            new Architecture("pangu-sigma", "Ren et al. 2023, PanGu-Sigma", sigma(), List.of(total("1.085T", Mark.PAPER)),
                SHAPE + ", the vocabulary (PanGu-Alpha's 40,000 stands for it) and how the 640 experts, recalled as well, are shared out: equally over the four "
                    + "domains Chinese, English, bilingual and code. Attention and networks alone have 1,084,647,014,400 parameters, a token uses 12,582,912,000 of them."),
            new Architecture("pangu-alpha-13b", "Zeng et al. 2021, PanGu-Alpha", transformer(Repeat.everyBlock(LAYERS, DENSE)),
                List.of(total("13B", Mark.SECONDARY)), SHAPE + "."));
    }

    private static Transformer.Spec sigma() {
        FeedForwardSpec sparse = new MixtureOfExperts.Spec(RandomRouter.Spec.equal(EXPERTS, DOMAINS), new MlpExperts.Spec(HIDDEN, Activation.GELU, false));
        return transformer(List.of(new Repeat(LAYERS - SPARSE, List.of(DENSE)), new Repeat(SPARSE, List.of(sparse))));
    }

    private static Transformer.Spec transformer(List<Repeat> blocks) {
        return new Transformer.Spec(VOCABULARY, DIM, SEQUENCE, CausalSelfAttention.Spec.rotary(HEADS, HEADS, 10_000), Norm.Kind.LAYER, 1e-5, false, true,
            1, 1, blocks);
    }

    private static Published total(String printed, Mark mark) {
        return Published.of(Published.Quantity.PARAMETERS, printed, mark).without(Set.of(Part.Kind.NORM));
    }
}
