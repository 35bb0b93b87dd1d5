package org.moe4j.backend.reference;

import org.moe4j.backend.AdamStep;
import org.moe4j.tensor.Bfloat16;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.ValueType;

/** Adam (Kingma and Ba 2015, algorithm 1), in the form of {@link AdamStep}. */
final class Adam {
    private Adam() {}

    static void step(AdamStep step, Storage p, Storage g, Storage m, Storage v) {
        step(step, p, g, m, v, 0);
    }

    /** @param place of the first value in its table */
    private static void step(AdamStep step, Storage p, Storage g, Storage m, Storage v, int place) {
        boolean atRandom = p.type() == ValueType.BFLOAT16 && step.rounding() != null;
        for (int i = 0; i < p.size(); i++) {
            double gradient = g.get(i) + step.l2() * p.get(i);
            double first = step.beta1() * m.get(i) + (1 - step.beta1()) * gradient;
            double second = step.beta2() * v.get(i) + (1 - step.beta2()) * gradient * gradient;
            double weight = step.keep() * p.get(i) - step.rate() * first / (Math.sqrt(second) * step.vScale() + step.eps());
            m.set(i, first);
            v.set(i, atRandom ? atRandom(second, step.rounding().lower(place + i)) : second);
            p.set(i, atRandom ? atRandom(weight, step.rounding().upper(place + i)) : weight);
        }
    }

    private static double atRandom(double value, int noise) {
        return Bfloat16.value(Bfloat16.atRandom((float) value, noise));
    }

    static void rows(AdamStep step, IntStorage rows, int width, Storage p, Storage g, Storage m, Storage v) {
        for (int u = 0; u < rows.length(); u++) {
            if (rows.get(u) >= 0) {
                int at = rows.get(u) * width;
                step(step, p.slice(at, width), g.slice((long) u * width, width), m.slice(at, width), v.slice(at, width), at);
            }
        }
    }
}
