package org.moe4j.model.zoo;

import java.util.List;
import java.util.Set;

import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.SwitchRouter;
import org.moe4j.model.EncoderDecoder;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.RelativeBias;

/**
 * The Switch Transformers (Fedus et al. 2022): T5's encoder-decoder with one expert for a token in every other block, or in every
 * block (Switch-C). Counted are projections, routers and one embedding, not norms and position biases.
 */
final class SwitchModels {
    private static final String PAPER = "Fedus et al. 2022, Switch Transformers";
    private static final Set<Part.Kind> LEFT_OUT = Set.of(Part.Kind.NORM, Part.Kind.POSITION);
    private static final int VOCABULARY = 32_128;
    private static final int HEAD = 64;
    private static final String NOTE = "The number of heads and their width of 64 are recalled, not read; the vocabulary is T5's, the two halves of a sequence have "
        + "512 tokens each as T5's encoder. Printed beside the parameters: ";

    private SwitchModels() {}

    static List<Architecture> all() {
        return List.of(
            architecture("switch-base", spec(2, 768, 12, 12, 2048, 128), total("7B"), "124B FLOPs a sequence."),
            architecture("switch-large", spec(2, 1024, 24, 16, 2816, 128), total("26B").except("prints 4 % less than the dimensions give"), "425B FLOPs a sequence."),
            architecture("switch-xxl", spec(2, 4096, 24, 64, 10_240, 64), total("395B").except("closes with 128 experts only, not with the 64 that are printed: see switch-xxl-128e"),
                "6.3T FLOPs a sequence."),
            architecture("switch-xxl-128e", spec(2, 4096, 24, 64, 10_240, 128), total("395B"), "6.3T FLOPs a sequence. With 128 experts instead of the 64 that are printed."),
            architecture("switch-c", spec(1, 2080, 15, 32, 6144, 2048), total("1571B"), "890B FLOPs a sequence."));
    }

    private static Architecture architecture(String name, ModelSpec spec, Published total, String note) {
        return new Architecture(name, PAPER, spec, List.of(total), NOTE + note);
    }

    private static Published total(String printed) {
        return Published.of(Published.Quantity.PARAMETERS, printed, Mark.SECONDARY).without(LEFT_OUT);
    }

    /**
     * @param every 2 for mixtures in every other block, with GELU gates; 1 for mixtures everywhere, of two matrices with ReLU
     * @param layers blocks a side
     */
    private static ModelSpec spec(int every, int dim, int layers, int heads, int hidden, int experts) {
        Activation activation = every == 1 ? Activation.RELU : Activation.GEGLU;
        FeedForwardSpec mixture = new MixtureOfExperts.Spec(new SwitchRouter.Spec(experts, 1.25, 0.01, 0.01, 0), new MlpExperts.Spec(hidden, activation, false));
        FeedForwardSpec dense = new DenseFeedForward.Spec(hidden, activation, false);
        List<Repeat> blocks = every == 1 ? Repeat.everyBlock(layers, mixture) : Repeat.everyOtherBlock(layers, mixture, dense);
        return new EncoderDecoder.Spec(VOCABULARY, dim, 1024, CausalSelfAttention.Spec.relative(heads, HEAD, RelativeBias.Spec.t5()), true, blocks, blocks);
    }
}
