package org.moe4j.tensor;

import java.util.Arrays;

/** The extents of a tensor, outermost first; a scalar has none. */
public final class Shape {
    public static final Shape SCALAR = new Shape();

    private final int[] dims;
    private final long size;

    private Shape(int... dims) {
        this.dims = dims;
        long product = 1;
        for (int d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has a negative extent");
            }
            product = Math.multiplyExact(product, (long) d);
        }
        this.size = product;
    }

    public static Shape of(int... dims) {
        return new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /** The extent of an axis; negative axes count from the end. */
    public int dim(int axis) {
        return dims[axis < 0 ? axis + dims.length : axis];
    }

    public int[] dims() {
        return dims.clone();
    }

    /** The number of values. */
    public long size() {
        return size;
    }

    /** The last extent; 1 for a scalar. */
    public int columns() {
        return dims.length == 0 ? 1 : dims[dims.length - 1];
    }

    /** The product of all extents but the last: what a row-wise operation loops over. */
    public int rows() {
        long rows = 1;
        for (int i = 0; i < dims.length - 1; i++) {
            rows *= dims[i];
        }
        return Math.toIntExact(rows);
    }

    /** This shape with another last extent. */
    public Shape withColumns(int columns) {
        int[] changed = dims.length == 0 ? new int[1] : dims.clone();
        changed[changed.length - 1] = columns;
        return new Shape(changed);
    }

    /** The strides of a row-major tensor of this shape, in values. */
    public long[] strides() {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strides;
    }

    /** The shape that both broadcast to, as in NumPy: aligned at the end, an extent of 1 stretches. */
    public static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        int[] out = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int x = i <= a.rank() ? a.dim(-i) : 1;
            int y = i <= b.rank() ? b.dim(-i) : 1;
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException("shapes " + a + " and " + b + " do not broadcast: " + x + " against " + y);
            }
            out[rank - i] = x == 1 ? y : x;
        }
        return new Shape(out);
    }

    /** The strides with which a row-major tensor of this shape is read when stretched to {@code target}. */
    public long[] stridesWhenBroadcastTo(Shape target) {
        long[] own = strides();
        long[] strides = new long[target.rank()];
        int lead = target.rank() - rank();
        for (int i = 0; i < rank(); i++) {
            strides[lead + i] = dims[i] == 1 ? 0 : own[i];
        }
        return strides;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.toString(dims).replace('[', '(').replace(']', ')');
    }
}
