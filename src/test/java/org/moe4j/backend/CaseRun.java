package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongToDoubleFunction;

import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/**
 * One conformance case on one back end. It draws the same inputs on every back end, all of them float32 numbers; every
 * storage is a slice that starts at an odd place between guard values, so that a kernel that strays is seen; and memory
 * for results holds NaN before, as an arena's may. The results are kept, to be compared with another run's.
 */
final class CaseRun {
    private static final int GUARDS = 5;
    private static final float GUARD = -77;

    private record Kept(String name, double[] values, int terms) {}

    private final Backend on;
    private final CounterRandom random;
    private final List<Storage> guarded = new ArrayList<>();
    private final List<Kept> results = new ArrayList<>();
    private long draws;
    private String label = "";

    CaseRun(Backend on, long seed) {
        this.on = on;
        this.random = CounterRandom.of(seed, "conformance");
    }

    /** Runs a case and checks that it wrote nothing outside its storages. */
    static CaseRun of(Backend on, BackendCase c, int[] sizes, long seed) {
        CaseRun run = new CaseRun(on, seed);
        c.body().run(on, run, sizes);
        run.checkGuards(c.method() + Arrays.toString(sizes));
        return run;
    }

    /** Names the flags of what follows, for the message when it disagrees. */
    CaseRun flags(Object... flags) {
        label = Arrays.toString(flags);
        return this;
    }

    /** Values in [-1, 1). */
    Storage input(long size) {
        return input(size, -1, 1);
    }

    /** Float32 numbers in [low, high). */
    Storage input(long size, double low, double high) {
        CounterRandom r = nextRandom();
        return guarded(size, i -> low + (high - low) * r.uniform(i));
    }

    /** Values of which many are equal and all sums exact: quarters in [-1, 1]. */
    Storage levels(long size) {
        CounterRandom r = nextRandom();
        return guarded(size, i -> (r.below(i, 9) - 4) / 4.0);
    }

    /** What a result overwrites. */
    Storage output(long size) {
        return guarded(size, _ -> Double.NaN);
    }

    /** Where a method puts whole numbers. */
    IntStorage numbers(int length) {
        return on.allocateInts(length + 2 * GUARDS).slice(GUARDS, length);
    }

    /** What a result overwrites, or is added to. */
    Storage output(long size, boolean add) {
        return add ? input(size) : output(size);
    }

    /** Row numbers below {@code bound}, with repetitions; in two lists of three, about one in six is -1. */
    IntStorage slots(int count, int bound) {
        CounterRandom r = nextRandom();
        boolean full = r.below(-1, 3) == 0;
        int[] slots = new int[count];
        for (int i = 0; i < count; i++) {
            slots[i] = bound == 0 || !full && r.below(2L * i, 6) == 0 ? -1 : r.below(2L * i + 1, bound);
        }
        return guarded(slots);
    }

    /** Where each of {@code groups} runs of rows starts, within 0 .. rows: about a third are empty, and rows are left over at both ends. */
    IntStorage starts(int groups, int rows) {
        CounterRandom r = nextRandom();
        int[] starts = new int[groups + 1];
        for (int e = 0; e <= groups; e++) {
            boolean empty = e > 0 && r.below(2L * e, 3) == 0;
            starts[e] = empty ? -1 : r.below(2L * e + 1, rows + 1);
        }
        int[] cuts = Arrays.stream(starts).filter(s -> s >= 0).sorted().toArray();
        for (int e = 0, c = 0; e <= groups; e++) {
            starts[e] = starts[e] < 0 ? starts[e - 1] : cuts[c++];
        }
        return guarded(starts);
    }

    int below(int bound) {
        return nextRandom().below(0, bound);
    }

    /** @param terms the length of the longest sum behind a value: the tolerance grows with it */
    void keep(String name, Storage y, int terms) {
        double[] values = new double[Math.toIntExact(y.size())];
        y.read(0, values);
        results.add(new Kept(name + label, values, terms));
    }

    void keep(String name, double value, int terms) {
        results.add(new Kept(name + label, new double[] {value}, terms));
    }

    void keep(String name, IntStorage numbers) {
        results.add(new Kept(name + label, Arrays.stream(numbers.toArray()).asDoubleStream().toArray(), 0));
    }

    /** Every result is within rounding of this run's. */
    void assertAgrees(CaseRun other, String what) {
        double unit = other.on.bytesPerValue() == Float.BYTES ? 0x1p-23 : 0x1p-50;
        for (int i = 0; i < results.size(); i++) {
            Kept mine = results.get(i);
            double[] theirs = other.results.get(i).values;
            for (int j = 0; j < mine.values.length; j++) {
                double expected = mine.values[j];
                double allowed = unit * mine.terms * Math.max(1, Math.abs(expected));
                if (theirs[j] != expected && !(Math.abs(theirs[j] - expected) <= allowed)) {
                    fail("%s %s[%d] of %d: %s is not %s within %.3g", what, mine.name, j, mine.values.length, theirs[j], expected, allowed);
                }
            }
        }
        assertThat(other.results).as(what).hasSameSizeAs(results);
    }

    /** Every result has the same bits as this run's. */
    void assertSameBits(CaseRun other, String what) {
        for (int i = 0; i < results.size(); i++) {
            int at = Arrays.mismatch(results.get(i).values, other.results.get(i).values);
            if (at >= 0) {
                fail("%s %s[%d]: %s and %s", what, results.get(i).name, at, results.get(i).values[at], other.results.get(i).values[at]);
            }
        }
    }

    /** Numbers in the middle of others. */
    private static IntStorage guarded(int... numbers) {
        int[] all = new int[numbers.length + 2 * GUARDS];
        Arrays.fill(all, Integer.MAX_VALUE);
        System.arraycopy(numbers, 0, all, GUARDS, numbers.length);
        return IntStorage.of(all).slice(GUARDS, numbers.length);
    }

    private CounterRandom nextRandom() {
        return random.at(draws++);
    }

    private Storage guarded(long size, LongToDoubleFunction value) {
        float[] values = new float[Math.toIntExact(size) + 2 * GUARDS];
        for (int i = 0; i < values.length; i++) {
            values[i] = i < GUARDS || i >= GUARDS + size ? GUARD : (float) value.applyAsDouble(i - GUARDS);
        }
        Storage all = on.allocate(values.length);
        all.write(0, values);
        guarded.add(all);
        return all.slice(GUARDS, size);
    }

    private void checkGuards(String what) {
        for (Storage all : guarded) {
            float[] before = new float[GUARDS];
            float[] after = new float[GUARDS];
            all.read(0, before);
            all.read(all.size() - GUARDS, after);
            assertThat(before).as("%s on %s: written before a storage", what, on.name()).containsOnly(GUARD);
            assertThat(after).as("%s on %s: written after a storage", what, on.name()).containsOnly(GUARD);
        }
    }
}
