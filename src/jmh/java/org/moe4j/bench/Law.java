package org.moe4j.bench;

import java.util.function.DoubleUnaryOperator;

/** How a quantity is expected to grow with another. */
enum Law {
    FLAT("flat", false, _ -> 1),
    SQUARE_ROOT("a + b sqrt(x)", true, Math::sqrt),
    LINEAR("a + b x", true, x -> x),
    INVERSE("a / x", false, x -> 1 / x);

    final String formula;
    private final boolean offset;
    private final DoubleUnaryOperator shape;

    Law(String formula, boolean offset, DoubleUnaryOperator shape) {
        this.formula = formula;
        this.offset = offset;
        this.shape = shape;
    }

    /** The law's values at x that are nearest to y in the least sum of squared relative errors, its constants not negative. */
    double[] fit(double[] x, double[] y) {
        double ff = 0, f1 = 0, f = 0, ones = 0, one = 0; // sums of weights y^-2 times products of shape, 1 and y
        for (int i = 0; i < x.length; i++) {
            double w = 1 / (y[i] * y[i]);
            double s = shape.applyAsDouble(x[i]);
            ff += w * s * s;
            f1 += w * s;
            f += w * s * y[i];
            ones += w;
            one += w * y[i];
        }
        double b = f / ff;
        double a = 0;
        if (offset && x.length > 1) {
            double determinant = ff * ones - f1 * f1;
            b = (f * ones - f1 * one) / determinant;
            a = (ff * one - f1 * f) / determinant;
            if (a < 0) {
                a = 0;
                b = f / ff;
            } else if (b < 0) {
                b = 0;
                a = one / ones;
            }
        }
        double[] values = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            values[i] = a + b * shape.applyAsDouble(x[i]);
        }
        return values;
    }
}
