package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.model.LanguageModel;

/** Once the code is compiled and the arena has seen a few steps, training asks for little memory on the Vector API too: no vector is boxed. */
class SteadyStateOnSimdTest {
    private static final long STEPS = 2000; // at most: behind the kernels of hundreds of other tests the compiler was not through after 400
    private static final int WINDOW = 10;
    /** What a step may leave on the heap, of the bytes of its activations: the lists of chosen experts and their sorting, by the slots. */
    private static final double SHARE = 0.15;

    @Test
    void aStepAllocatesLittleAndTheArenaStopsGrowing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().threadId();
        List<Long> allocated = new ArrayList<>();
        List<Long> arena = new ArrayList<>();
        try (Backend on = Backends.open("simd", 1)) { // one thread: all that a step allocates is this thread's
            LanguageModel model = TrainingOnSimd.model(on);
            Trainer trainer = TrainingOnSimd.trainer(on, model, STEPS);
            trainer.run(metrics -> {
                allocated.add(threads.getThreadAllocatedBytes(self));
                arena.add(trainer.activationBytes());
                if (isSteady(allocated, arena)) {
                    trainer.stop();
                }
            });
        }
        assertThat(isSteady(allocated, arena)).as("%,d bytes a step in the last %d of %d steps, %,d bytes of activations",
            (int) perStep(allocated), WINDOW, allocated.size(), arena.getLast()).isTrue();
    }

    private static boolean isSteady(List<Long> allocated, List<Long> arena) {
        int n = arena.size();
        return n > WINDOW && arena.get(n - 1).equals(arena.get(n - 1 - WINDOW)) && perStep(allocated) < SHARE * arena.getLast();
    }

    private static double perStep(List<Long> allocated) {
        int n = allocated.size();
        return (double) (allocated.get(n - 1) - allocated.get(n - 1 - WINDOW)) / WINDOW;
    }
}
