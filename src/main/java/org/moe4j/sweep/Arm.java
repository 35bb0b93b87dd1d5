package org.moe4j.sweep;

import java.util.ArrayList;
import java.util.List;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.ExpertsSpec;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.experts.ValueExperts;
import org.moe4j.io.InputException;
import org.moe4j.model.ModelSpec;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.TableValues;

/**
 * One contender of a sweep.
 *
 * @param label as in charts: "dense", "MoE G=4", "PEER"
 * @param architecture the family: dense, MoE, PKM or PEER
 * @param granularity G of a MoE arm, 0 of the others
 */
public record Arm(String label, String architecture, int granularity, ModelSpec model) {
    /** The contenders of a sweep, in the order in which they are reported. */
    public static List<Arm> of(SweepSpec spec, int vocabulary) {
        List<Arm> arms = new ArrayList<>();
        for (String architecture : spec.arms()) {
            switch (architecture) {
                case "dense" -> arms.add(arm("dense", "dense", 0, spec, vocabulary, dense(spec)));
                case "moe" -> spec.granularity().forEach(g -> arms.add(arm("MoE G=" + g, "MoE", g, spec, vocabulary, moe(spec, g))));
                case "pkm" -> arms.add(arm("PKM", "PKM", 0, spec, vocabulary, productKeyMemory(spec)));
                case "peer" -> arms.add(arm("PEER", "PEER", 0, spec, vocabulary, peer(spec, TableValues.FLOAT32)));
                case "peer-bf16" -> arms.add(arm("PEER bf16", "PEER", 0, spec, vocabulary, peer(spec, TableValues.BFLOAT16)));
                case "peer-bf16-nearest" -> arms.add(arm("PEER bf16 nearest", "PEER", 0, spec, vocabulary, peer(spec, TableValues.BFLOAT16_NEAREST)));
                default -> throw new AssertionError(architecture);
            }
        }
        return arms;
    }

    private static FeedForwardSpec dense(SweepSpec spec) {
        return new DenseFeedForward.Spec(spec.hidden(), Activation.GELU, false);
    }

    /** G·E experts of width d_ff/G, G of them for each token (Krajewski et al. 2024, section 3). */
    private static FeedForwardSpec moe(SweepSpec spec, int granularity) {
        RouterSpec router;
        try {
            router = SpecCatalog.ROUTERS.example(spec.router()).withExperts(granularity * spec.expansion(), granularity);
        } catch (InputException unfit) {
            throw new InputException("router " + spec.router() + " cannot choose " + granularity + " of " + granularity * spec.expansion() + " experts, as granularity "
                + granularity + " wants: " + unfit.getMessage(), unfit);
        }
        return mixture(spec, router, new MlpExperts.Spec(spec.hidden() / granularity, Activation.GELU, false));
    }

    private static FeedForwardSpec peer(SweepSpec spec, TableValues table) {
        return mixture(spec, new ProductKeyRouter.Spec(spec.subKeys() * spec.subKeys(), spec.retrievalHeads(), spec.perHead(), spec.keyDim()),
            new SingleNeuronExperts.Spec(Activation.GELU, table));
    }

    private static FeedForwardSpec productKeyMemory(SweepSpec spec) {
        return mixture(spec, ProductKeyRouter.Spec.memory(spec.subKeys() * spec.subKeys(), spec.retrievalHeads(), spec.perHead(), spec.keyDim()),
            new ValueExperts.Spec());
    }

    private static FeedForwardSpec mixture(SweepSpec spec, RouterSpec router, ExpertsSpec experts) {
        return new MixtureOfExperts.Spec(router, experts, List.of(), spec.outputNorm());
    }

    private static Arm arm(String label, String architecture, int granularity, SweepSpec spec, int vocabulary, FeedForwardSpec layer) {
        List<Repeat> blocks = switch (spec.place()) {
            case EVERY -> Repeat.everyBlock(spec.layers(), layer);
            case MIDDLE -> Repeat.middleBlock(spec.layers(), layer, dense(spec));
        };
        return new Arm(label, architecture, granularity,
            new Transformer.Spec(vocabulary, spec.dim(), spec.sequence(), CausalSelfAttention.Spec.rotary(spec.heads(), spec.heads(), 10_000), true, blocks));
    }
}
