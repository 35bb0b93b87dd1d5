package org.moe4j.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Shape;

class SwitchRouterTest {
    /** Logits log 3 apart: probabilities 3/4 and 1/4. Three tokens want expert 0, which has room for two. */
    @Test
    void theThirdTokenOfAnExpertWithTwoPlacesIsDropped() {
        double log3 = Math.log(3);
        try (Tape t = Trial.tape()) {
            Variable logits = t.constant(Shape.of(4, 2), log3, 0, log3, 0, 0, log3, log3, 0);
            Routing routing = SwitchRouter.gate(t, logits, null, new SwitchRouter.Spec(2, 1, 0, 1, 0));
            assertThat(routing.expert().toArray()).containsExactly(0, 0, 1, -1);
            assertThat(routing.gates().value().toDoubles()).containsExactly(new double[] {0.75, 0.75, 0.75, 0}, within(1e-12));
            assertThat(routing.dropped()).isEqualTo(1);
            // 2 (3/4 · 5/8 + 1/4 · 3/8): shares before anything is dropped
            assertThat(routing.losses().getFirst().value().value().item()).isCloseTo(1.125, within(1e-12));
            assertThat(SwitchRouter.gate(t, logits, null, new SwitchRouter.Spec(2, 1.5, 0, 1, 0)).dropped()).isZero();
        }
    }

    @Test
    void jitterIsForTrainingOnly() {
        Router router = Trial.build(new SwitchRouter.Spec(3, 3, 0.1, 0, 0), 4, 1);
        try (Tape t = Trial.tape()) {
            Variable x = Trial.normal("x", 2, 6, 4);
            double[] clean = SwitchRouter.gate(t, t.linear(x, Trial.named(router, "weight"), null), null, new SwitchRouter.Spec(3, 3, 0, 0, 0))
                .probabilities().value().toDoubles();
            assertThat(router.route(t, x, Pass.evaluation(2, 3)).probabilities().value().toDoubles()).containsExactly(clean);
            double[] noisy = router.route(t, x, Pass.training(2, 3, 1, 0)).probabilities().value().toDoubles();
            assertThat(noisy).isNotEqualTo(clean).containsExactly(clean, within(0.2));
        }
    }
}
