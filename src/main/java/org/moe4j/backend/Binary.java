package org.moe4j.backend;

/** An elementwise function of two values, with both partial derivatives. */
public enum Binary {
    ADD, SUBTRACT, MULTIPLY, DIVIDE,
    /** The larger value; at a tie the gradient goes to both halves. */
    MAX,
    MIN;

    public double value(double a, double b) {
        return switch (this) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
        };
    }

    public double derivativeA(double a, double b) {
        return switch (this) {
            case ADD, SUBTRACT -> 1;
            case MULTIPLY -> b;
            case DIVIDE -> 1 / b;
            case MAX -> a > b ? 1 : a == b ? 0.5 : 0;
            case MIN -> a < b ? 1 : a == b ? 0.5 : 0;
        };
    }

    public double derivativeB(double a, double b) {
        return switch (this) {
            case ADD -> 1;
            case SUBTRACT -> -1;
            case MULTIPLY -> a;
            case DIVIDE -> -a / (b * b);
            case MAX, MIN -> 1 - derivativeA(a, b);
        };
    }
}
