package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

/** What lazy updates of a table promise, for every optimizer. */
class TableRowsProperties {
    private static final int STEPS = 4;
    private final Backend on = new ReferenceBackend();

    @Provide
    Arbitrary<OptimizerSpec> specs() {
        return Arbitraries.of(OptimizerTest.specs());
    }

    @Property(tries = 100)
    void touchingEveryRowEqualsTheDenseUpdate(@ForAll("specs") OptimizerSpec spec, @ForAll @IntRange(min = 1, max = 9) int rows,
                                              @ForAll @IntRange(min = 1, max = 7) int width, @ForAll long seed) {
        Shape shape = Shape.of(rows, width);
        double[] start = Fed.normal(rows * width, seed);
        Fed dense = Fed.weight(on, "x", shape, start);
        Fed table = Fed.table(on, "x", shape, start);
        for (Fed fed : List.of(dense, table)) {
            Optimizer optimizer = spec.build(on, List.of(fed.parameter()));
            for (int step = 0; step < STEPS; step++) {
                fed.feedAll(Fed.normal(rows * width, seed + step + 1));
                optimizer.step(0.1);
                fed.clear();
            }
        }
        assertThat(table.values()).containsExactly(dense.values(), within(1e-12));
    }

    @Property(tries = 100)
    void untouchedRowsStayAsTheyAre(@ForAll("specs") OptimizerSpec spec, @ForAll @IntRange(min = 2, max = 30) int rows,
                                    @ForAll @IntRange(min = 1, max = 5) int width, @ForAll long seed) {
        Fed table = Fed.table(on, "x", Shape.of(rows, width), Fed.normal(rows * width, seed));
        Optimizer optimizer = spec.build(on, List.of(table.parameter()));
        for (int step = 0; step < STEPS; step++) {
            Map<String, double[]> before = snapshot(table, optimizer);
            int[] touched = someRows(rows, seed + step);
            table.feedRows(touched, Fed.normal(touched.length * width, seed - step));
            optimizer.step(0.1);
            table.clear();
            Map<String, double[]> after = snapshot(table, optimizer);
            before.forEach((name, values) -> {
                int perRow = values.length / rows;
                for (int row = 0; row < rows && !name.endsWith(".columns"); row++) {
                    double[] old = Arrays.copyOfRange(values, row * perRow, (row + 1) * perRow);
                    double[] now = Arrays.copyOfRange(after.get(name), row * perRow, (row + 1) * perRow);
                    if (Arrays.binarySearch(touched, row) < 0) {
                        assertThat(now).as("%s, row %d of %s", name, row, Arrays.toString(touched)).isEqualTo(old);
                    } else if (name.equals("x")) {
                        assertThat(now).as("row %d, which has a gradient", row).isNotEqualTo(old);
                    }
                }
            });
        }
    }

    private static Map<String, double[]> snapshot(Fed table, Optimizer optimizer) {
        Map<String, double[]> all = new java.util.HashMap<>();
        optimizer.state().forEach((name, value) -> all.put(name, value.toDoubles()));
        all.put("x", table.values());
        return all;
    }

    /** Some rows, at least one, ascending. */
    private static int[] someRows(int rows, long seed) {
        CounterRandom random = CounterRandom.of(seed, "rows");
        List<Integer> drawn = new ArrayList<>(IntStream.range(0, 1 + random.below(0, rows)).mapToObj(i -> random.below(i + 1L, rows)).toList());
        return new TreeSet<>(drawn).stream().mapToInt(i -> i).toArray();
    }
}
