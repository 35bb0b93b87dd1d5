package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Init;

/** Steady-state training allocates nothing proportional to the model. */
class SteadyMemoryTest {
    static Stream<Arguments> optimizers() {
        return Stream.of(
            Arguments.of("AdamW", new AdamW.Spec(0.9, 0.95, 0.1)),
            Arguments.of("AMSGrad", new Adam.Spec(null, null, null, null, true, null)),
            Arguments.of("Adafactor", new Adafactor.Spec()));
    }

    /** On the reference back end, whose loops allocate nothing even before they are compiled; the Vector API's do until then. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("optimizers")
    void aStepAllocatesLittleBesideTheModel(String name, OptimizerSpec optimizer) {
        Backend on = new ReferenceBackend();
        LanguageModel model = Tiny.spec(32, Tiny.dense(), Tiny.peer(128 * 128)).build(new Init(on, 1));
        long bytes = model.parameters().stream().mapToLong(p -> on.bytesPerValue() * p.shape().size()).sum();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<Long> allocated = new ArrayList<>();
        long[] before = new long[1];
        new Trainer(on, model, Tiny.training(10).withOptimizer(optimizer), Tiny.counting(4), null).run(m -> {
            allocated.add(threads.getCurrentThreadAllocatedBytes() - before[0]);
            before[0] = threads.getCurrentThreadAllocatedBytes();
        });
        assertThat(bytes).isGreaterThan(8_000_000);
        assertThat(allocated.subList(5, 10)).allSatisfy(step -> assertThat(step).isLessThan(bytes / 8));
    }

    private static List<Long> reservedByStep(FeedForwardSpec... blocks) {
        try (Backend on = Backends.open("simd", 2)) {
            List<Long> reserved = new ArrayList<>();
            Trainer[] trainer = new Trainer[1];
            trainer[0] = new Trainer(on, Tiny.model(on, blocks), Tiny.training(12), Tiny.counting(4), null);
            trainer[0].run(m -> reserved.add(trainer[0].activationBytes()));
            return reserved;
        }
    }

    @Test
    void theArenaStopsGrowing() {
        List<Long> reserved = reservedByStep(Tiny.dense(), Tiny.noisy());
        assertThat(reserved.subList(2, 12)).containsOnly(reserved.get(1));
    }

    /** How many rows of a table a step touches is up to the routing, so blocks of other sizes may still be asked for. */
    @Test
    void withTablesTheArenaHardlyGrows() {
        List<Long> reserved = reservedByStep(Tiny.dense(), Tiny.peer(64));
        assertThat(reserved.getLast()).isLessThan(reserved.get(1) * 5 / 4);
    }
}
