package org.moe4j.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.moe4j.tensor.Storage;

/**
 * One run of a kernel on one back end: draws sizes and inputs from a seed, so that every back end gets the same, and keeps
 * the outputs. Inputs are float32 numbers and lie at odd offsets in larger storages.
 */
public final class KernelTrial {
    private static final int[] AWKWARD = {0, 1, 2, 3, 7, 13, 15, 16, 17, 31, 33, 48, 64, 65, 67, 100, 129};

    public final Backend on;
    private final Random random;
    private final List<double[]> outputs = new ArrayList<>();
    private final List<Storage> kept = new ArrayList<>();

    public KernelTrial(Backend on, long seed) {
        this.on = on;
        this.random = new Random(seed);
    }

    /** A size that is awkward for vectors and tiles, at least {@code least}. */
    public int size(int least) {
        return Math.max(least, AWKWARD[random.nextInt(AWKWARD.length)]);
    }

    /** Uniform in 0 .. bound-1. */
    public int below(int bound) {
        return random.nextInt(bound);
    }

    public boolean coin() {
        return random.nextBoolean();
    }

    public int[] ints(int n, int from, int bound) {
        return random.ints(n, from, bound).toArray();
    }

    /** Standard normal numbers. */
    public Storage normals(int n) {
        Storage x = room(n);
        for (int i = 0; i < n; i++) {
            x.set(i, (float) random.nextGaussian());
        }
        return x;
    }

    /** Numbers within [low, high). */
    public Storage within(double low, double high, int n) {
        Storage x = room(n);
        for (int i = 0; i < n; i++) {
            x.set(i, (float) (low + (high - low) * random.nextDouble()));
        }
        return x;
    }

    /** An output: it holds numbers already, which a kernel that overwrites must not read and one that adds must keep. */
    public Storage output(int n) {
        Storage y = normals(n);
        kept.add(y);
        return y;
    }

    private Storage room(int n) {
        int before = random.nextInt(4);
        return on.allocate(before + n + 3).slice(before, n);
    }

    /** Keeps the present values of an input that the kernel changes, or of any other storage, as outputs. */
    public void keep(Storage x) {
        kept.add(x);
    }

    /** Keeps whole numbers as an output. */
    public void keep(int[] values) {
        double[] copy = new double[values.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = values[i];
        }
        outputs.add(copy);
    }

    public void keep(double value) {
        outputs.add(new double[] {value});
    }

    /** All outputs, one after the other. */
    public double[] result() {
        List<double[]> all = new ArrayList<>(outputs);
        for (Storage x : kept) {
            double[] values = new double[(int) x.size()];
            x.read(0, values);
            all.add(values);
        }
        return all.stream().flatMapToDouble(java.util.Arrays::stream).toArray();
    }
}
