package org.moe4j.backend.simd;

import java.util.Arrays;
import java.util.function.Consumer;
import org.moe4j.backend.Backend;
import org.moe4j.backend.KernelCases;
import org.moe4j.backend.KernelTrial;
import org.moe4j.backend.reference.ReferenceBackend;

/** Runs kernel cases on simd and on reference. As a program: all cases at the vector width that the properties ask for. */
final class Conformance {
    /** Allowed error, relative to 1 + the size of the true value: float32 sums of a thousand normal numbers. */
    private static final double TOLERANCE = 1e-4;

    private Conformance() {}

    public static void main(String[] seeds) {
        KernelCases.all().forEach((name, kernel) -> {
            for (int seed = 0; seed < Integer.parseInt(seeds[0]); seed++) {
                String fault = check(kernel, seed);
                if (fault != null) {
                    throw new AssertionError(Lanes.F + ", " + name + ", seed " + seed + ": " + fault);
                }
            }
        });
        System.out.println("agreed at " + Lanes.F.vectorBitSize() + " bits");
    }

    /** What is wrong with a case, or null: one thread against the reference, then other numbers of threads against one. */
    static String check(Consumer<KernelTrial> kernel, long seed) {
        double[] wanted = run(kernel, seed, new ReferenceBackend());
        double[] one = run(kernel, seed, new SimdBackend(1));
        for (int i = 0; i < wanted.length; i++) {
            if (!(Math.abs(one[i] - wanted[i]) <= TOLERANCE * (1 + Math.abs(wanted[i]))) && !sameNan(one[i], wanted[i])) {
                return "value " + i + " of " + wanted.length + " is " + one[i] + ", should be " + wanted[i];
            }
        }
        for (int threads = 2; threads <= 3; threads++) {
            if (!Arrays.equals(one, run(kernel, seed, new SimdBackend(threads)))) {
                return "other bits on " + threads + " threads than on one";
            }
        }
        return null;
    }

    private static boolean sameNan(double a, double b) {
        return Double.isNaN(a) && Double.isNaN(b);
    }

    private static double[] run(Consumer<KernelTrial> kernel, long seed, Backend on) {
        try (on) {
            KernelTrial trial = new KernelTrial(on, seed);
            kernel.accept(trial);
            return trial.result();
        }
    }
}
