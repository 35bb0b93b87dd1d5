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
import org.moe4j.tensor.ValueType;

/**
 * One conformance case on one back end. It draws the same inputs on every back end, all of them float32 numbers; every
 * storage is a slice that starts at an odd place between guard values, so that a kernel that strays is seen; and memory
 * for results holds NaN before, as an arena's may. The results are kept, to be compared with another run's.
 */
final class CaseRun {
    private static final int GUARDS = 5;
    private static final float GUARD = -77;
    /** Of bfloat16, relative: where float32 and float64 lie on two sides of where rounding turns, which is one value in some thousands. */
    private static final double LAST_PLACE = 0x1p-7;

    private record Kept(String name, double[] values, int terms, boolean half) {}

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
        return guarded(size, ValueType.NATIVE, i -> low + (high - low) * r.uniform(i));
    }

    /** A table of bfloat16 values in [-1, 1). */
    Storage halves(long size) {
        return halves(size, -1, 1);
    }

    Storage halves(long size, double low, double high) {
        CounterRandom r = nextRandom();
        return guarded(size, ValueType.BFLOAT16, i -> low + (high - low) * r.uniform(i));
    }

    /** Values of which many are equal and all sums exact: quarters in [-1, 1]. */
    Storage levels(long size) {
        CounterRandom r = nextRandom();
        return guarded(size, ValueType.NATIVE, i -> (r.below(i, 9) - 4) / 4.0);
    }

    /** What a result overwrites. */
    Storage output(long size) {
        return guarded(size, ValueType.NATIVE, _ -> Double.NaN);
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
        return guarded(cuts(groups, rows));
    }

    /** The same without rows that are left over. */
    IntStorage startsOfAll(int groups, int rows) {
        int[] starts = cuts(groups, rows);
        starts[0] = 0;
        starts[groups] = rows; // also of one group, or where all cuts fell together
        return guarded(starts);
    }

    private int[] cuts(int groups, int rows) {
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
        return starts;
    }

    int below(int bound) {
        return nextRandom().below(0, bound);
    }

    /** @param terms the length of the longest sum behind a value: the tolerance grows with it */
    void keep(String name, Storage y, int terms) {
        double[] values = new double[Math.toIntExact(y.size())];
        y.read(0, values);
        results.add(new Kept(name + label, values, terms, y.type() == ValueType.BFLOAT16));
    }

    void keep(String name, double value, int terms) {
        results.add(new Kept(name + label, new double[] {value}, terms, false));
    }

    void keep(String name, IntStorage numbers) {
        results.add(new Kept(name + label, Arrays.stream(numbers.toArray()).asDoubleStream().toArray(), 0, false));
    }

    /** Every result is within rounding of this run's; of bfloat16 values, all but a few are the same. */
    void assertAgrees(CaseRun other, String what) {
        double unit = other.on.bytesPerValue() == Float.BYTES ? 0x1p-23 : 0x1p-50;
        for (int i = 0; i < results.size(); i++) {
            Kept mine = results.get(i);
            double[] theirs = other.results.get(i).values;
            int rounded = 0;
            for (int j = 0; j < mine.values.length; j++) {
                double expected = mine.values[j];
                double allowed = unit * mine.terms * Math.max(1, Math.abs(expected)) + (mine.half ? LAST_PLACE * Math.abs(expected) : 0);
                if (theirs[j] != expected && !(Math.abs(theirs[j] - expected) <= allowed)) {
                    fail("%s %s[%d] of %d: %s is not %s within %.3g", what, mine.name, j, mine.values.length, theirs[j], expected, allowed);
                }
                rounded += mine.half && theirs[j] != expected ? 1 : 0;
            }
            assertThat(rounded).as("%s %s: values of %d rounded the other way", what, mine.name, mine.values.length).isLessThanOrEqualTo(1 + mine.values.length / 500);
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

    private Storage guarded(long size, ValueType type, LongToDoubleFunction value) {
        float[] values = new float[Math.toIntExact(size) + 2 * GUARDS];
        for (int i = 0; i < values.length; i++) {
            values[i] = i < GUARDS || i >= GUARDS + size ? GUARD : (float) value.applyAsDouble(i - GUARDS);
        }
        Storage all = on.allocate(values.length, type);
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
