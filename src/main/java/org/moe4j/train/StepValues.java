package org.moe4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.moe4j.backend.Backend;
import org.moe4j.tensor.Storage;

/** Single values of a step, put aside as they come and read when all are there: a device is waited for once a step. */
final class StepValues {
    private static final int FIRST = 64;

    private final Backend on;
    private final List<String> names = new ArrayList<>();
    private Storage kept;

    StepValues(Backend on) {
        this.on = on;
        kept = on.allocate(FIRST);
    }

    /** Puts a value aside; several may have one name. */
    void add(String name, Storage value) {
        if (names.size() == kept.size()) {
            Storage larger = on.allocate(2 * kept.size());
            on.copy(kept, larger.slice(0, kept.size()));
            kept = larger;
        }
        on.copy(value, kept.slice(names.size(), 1));
        names.add(name);
    }

    /** One value and its name. */
    record Named(String name, double value) {}

    /** All, in the order in which they came; they are forgotten. */
    List<Named> take() {
        double[] values = new double[names.size()];
        kept.read(0, values);
        List<Named> all = IntStream.range(0, values.length).mapToObj(i -> new Named(names.get(i), values[i])).toList();
        names.clear();
        return all;
    }
}
