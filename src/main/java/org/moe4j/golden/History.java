package org.moe4j.golden;

import java.util.LinkedHashMap;
import java.util.Map;

/** What is stated once for each step of a run: outputs whose first axis is the step. */
final class History {
    private final int steps;
    private final Map<String, double[]> values = new LinkedHashMap<>();

    History(int steps) {
        this.steps = steps;
    }

    /** Keeps the values of an output at a step; the last ones count. */
    void record(String output, int step, double... now) {
        double[] all = values.computeIfAbsent(output, name -> new double[steps * now.length]);
        System.arraycopy(now, 0, all, step * now.length, now.length);
    }

    /** Hands over whatever the case states an expectation for. */
    void state(GoldenCase c, Bench bench) {
        values.forEach((name, all) -> {
            if (c.has("f64.out." + name) || c.has("out." + name)) {
                bench.out(name, all);
            }
        });
    }
}
