package org.moe4j.golden;

import org.moe4j.tensor.Shape;

/**
 * A tensor of a case.
 *
 * @param name such as {@code in.x} or {@code f64.grad.w.weight}
 * @param offset where its values begin among all values of the case
 * @param integer whether it is compared exactly
 */
public record GoldenTensor(String name, Shape shape, int offset, boolean integer) {
    public int size() {
        return Math.toIntExact(shape.size());
    }

    /** Itself, as the source of a variable's values. */
    Layout layout() {
        int[] places = new int[size()];
        java.util.Arrays.setAll(places, i -> offset + i);
        return new Layout(shape, places);
    }
}
