package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;

/** A wrong value is refused in one sentence that names the field, the value and what would do. */
class SpecValidationTest {
    @Test
    void moreChoicesThanExperts() {
        refused(() -> new TopKRouter.Spec(4, 5), "topK is 5, more than the number of experts 4; at most 4 would do");
        refused(() -> new NoisyTopKRouter.Spec(4, 5), "topK is 5, more than the number of experts 4; at most 4 would do");
        refused(() -> new CapacityRouter.Spec().withExperts(2, 3), "topK is 3, more than the number of experts 2; at most 2 would do");
        refused(() -> new ProductKeyRouter.Spec(4, 1, 5, 2), "topK is 5, more than the number of experts 4; at most 4 would do");
        refused(() -> new TopKRouter.Spec(4, 0), "topK is 0, it has to be at least 1");
        refused(() -> new TopKRouter.Spec(0, 1), "experts is 0, it has to be at least 1");
    }

    @Test
    void productKeysWantASquare() {
        refused(() -> new ProductKeyRouter.Spec(48, 1, 2, 4), "experts is 48, product keys want a square; 49 would do");
        refused(() -> new ProductKeyRouter.Spec(49, 1, 2, 5), "keyDim is 5, it has to be even: each half of a query looks up the sub-keys of one side");
        refused(() -> new ProductKeyRouter.Spec(49, 3, 2, 4).withExperts(49, 8), "the experts of a token are 8, which 3 heads do not share equally");
    }

    @Test
    void hierarchiesWantFactorsThatMultiply() {
        refused(() -> new HierarchicalRouter.Spec(16, 3), "groups is 3, which does not cut 16 experts into equal groups; 2 or 4 would do");
        refused(() -> new HierarchicalRouter.Spec(16, 17), "groups is 17, more than the number of experts 16; at most 16 would do");
        refused(() -> new HierarchicalRouter.Spec(16, 1), "primaryTopK is 2, more than the number of groups 1; at most 1 would do");
        refused(() -> new HierarchicalRouter.Spec(16, 16), "secondaryTopK is 2, more than the number of experts of a group 1; at most 1 would do");
        refused(() -> new HierarchicalRouter.Spec().withExperts(18, 2), "groups is 4, which does not cut 18 experts into equal groups; 3 or 6 would do");
        refused(() -> new HierarchicalRouter.Spec().withExperts(16, 0), "perToken is 0, it has to be at least 1");
    }

    @Test
    void strictBalance() {
        refused(() -> new StrictlyBalancedRouter.Spec(4, 5, 0), "perToken is 5.0, more than the number of experts 4; at most 4 would do");
        refused(() -> new StrictlyBalancedRouter.Spec(4, 0, 0), "perToken is 0.0, it has to be above 0");
        refused(() -> new StrictlyBalancedRouter.Spec(4, 1, -1), "thresholdWeight is -1.0, it has to be 0 or above");
    }

    @Test
    void capacities() {
        refused(() -> new SwitchRouter.Spec(4, 0, 0, 0, 0), "capacityFactor is 0.0, it has to be above 0");
        refused(() -> new SwitchRouter.Spec().withExperts(8, 2), "perToken is 2, switch routing wants 1");
        refused(() -> new CapacityRouter.Spec(4, 2, -1, 4, CapacityDialect.MESH, SecondPolicy.ALL, 0.2, false, true, 0, 0),
            "capacityFactor is -1.0, it has to be above 0");
        refused(() -> new CapacityRouter.Spec(4, 3, 1, 4, CapacityDialect.MESH, SecondPolicy.SAMPLING, 0.2, false, true, 0, 0),
            "topK is 3, but the second policy SAMPLING draws a second of two choices; topK 2 would do");
        refused(() -> new ExpertChoiceRouter.Spec(4, 5, ExpertChoiceRouter.Grouping.BATCH, 8),
            "capacityFactor is 5.0, more than the number of experts 4 that a token could have; at most 4 would do");
        refused(() -> new ExpertChoiceRouter.Spec(4, Double.NaN, ExpertChoiceRouter.Grouping.BATCH, 8), "capacityFactor is NaN, it has to be above 0");
    }

    @Test
    void banks() {
        refused(() -> new MlpExperts.Spec(0, Activation.GELU, false), "hidden is 0, it has to be at least 1");
        refused(() -> new DenseFeedForward.Spec(-3, Activation.GELU, false), "hidden is -3, it has to be at least 1");
        refused(() -> new SingleNeuronExperts.Spec().withHidden(2), "hidden is 2, a single-neuron expert wants 1");
    }

    @Test
    void aMemoryWantsAName() {
        refused(() -> new MemoryPlusFeedForward.Spec(new ProductKeyRouter.Spec(), " "), "memory is blank; it has to name the values that layers share");
    }

    private static void refused(ThrowingCallable spec, String sentence) {
        assertThatThrownBy(spec).isInstanceOf(InputException.class).hasMessage(sentence);
    }
}
