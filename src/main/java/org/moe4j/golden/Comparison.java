package org.moe4j.golden;

import java.util.Locale;

import org.moe4j.tensor.Shape;

/**
 * How far one tensor is from what the case states.
 *
 * @param excess of the worst entry over what is allowed; up to 1 agrees
 * @param message the tensor, its worst entry, got and expected
 */
record Comparison(double excess, String message) {
    static Comparison of(GoldenTensor expected, double[] wanted, double[] got, Tolerance tolerance) {
        if (got.length != wanted.length) {
            return new Comparison(Double.POSITIVE_INFINITY,
                "%s has shape %s, that is %d values; computed were %d".formatted(expected.name(), expected.shape(), wanted.length, got.length));
        }
        Tolerance allowed = expected.integer() ? new Tolerance(0, Double.MIN_NORMAL) : tolerance;
        int worst = 0;
        double most = 0;
        int differing = 0;
        for (int i = 0; i < got.length; i++) {
            double excess = allowed.excess(got[i], wanted[i]);
            differing += excess > 1 ? 1 : 0;
            if (excess > most) {
                most = excess;
                worst = i;
            }
        }
        return new Comparison(most, most == 0 ? expected.name() : String.format(Locale.ROOT, "%s%s is %s, expected %s (%s; %d of %d entries differ)",
            expected.name(), index(expected.shape(), worst), text(expected, got[worst]), text(expected, wanted[worst]),
            expected.integer() ? "whole numbers must be equal" : String.format(Locale.ROOT, "off by %.3g, allowed %.3g",
                Math.abs(got[worst] - wanted[worst]), allowed.absolute() + allowed.relative() * Math.abs(wanted[worst])),
            differing, got.length));
    }

    boolean agrees() {
        return excess <= 1;
    }

    private static String text(GoldenTensor tensor, double value) {
        return tensor.integer() && value == Math.rint(value) ? Long.toString((long) value) : String.format(Locale.ROOT, "%.12g", value);
    }

    private static String index(Shape shape, int place) {
        StringBuilder text = new StringBuilder("[");
        long[] strides = shape.strides();
        for (int a = 0; a < strides.length; a++) {
            text.append(a == 0 ? "" : ",").append(place / strides[a] % Math.max(1, shape.dim(a)));
        }
        return strides.length == 0 ? "" : text.append("]").toString();
    }
}
