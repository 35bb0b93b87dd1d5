package org.moe4j.tensor;

/** A row-major array of values: a shape over a back end's storage. */
public record Tensor(Shape shape, Storage data) {
    public Tensor {
        if (shape.size() != data.size()) {
            throw new IllegalArgumentException("shape " + shape + " holds " + shape.size() + " values, the storage " + data.size());
        }
    }

    /** The same values under another shape of equal size. */
    public Tensor reshape(Shape other) {
        return new Tensor(other, data);
    }

    /** Rows {@code from} to {@code to} (exclusive) along the first axis; shares memory. */
    public Tensor rows(int from, int to) {
        int[] dims = shape.dims();
        long row = dims[0] == 0 ? 0 : shape.size() / dims[0];
        dims[0] = to - from;
        return new Tensor(Shape.of(dims), data.slice(from * row, (to - from) * row));
    }

    public double get(int... index) {
        return data.get(offset(index));
    }

    public void set(double value, int... index) {
        data.set(offset(index), value);
    }

    /** The only value of a tensor of size one. */
    public double item() {
        if (shape.size() != 1) {
            throw new IllegalArgumentException("item() wants one value, the tensor is " + shape);
        }
        return data.get(0);
    }

    public double[] toDoubles() {
        double[] values = new double[Math.toIntExact(shape.size())];
        data.read(0, values);
        return values;
    }

    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(shape.size())];
        data.read(0, values);
        return values;
    }

    private long offset(int... index) {
        if (index.length != shape.rank()) {
            throw new IllegalArgumentException("the tensor is " + shape + ", the index has " + index.length + " places");
        }
        long offset = 0;
        for (int i = 0; i < index.length; i++) {
            offset = offset * shape.dim(i) + java.util.Objects.checkIndex(index[i], shape.dim(i));
        }
        return offset;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Tensor").append(shape).append(" [");
        for (long i = 0; i < Math.min(8, shape.size()); i++) {
            text.append(i == 0 ? "" : ", ").append(String.format(java.util.Locale.ROOT, "%.5g", data.get(i)));
        }
        return text.append(shape.size() > 8 ? ", ...]" : "]").toString();
    }
}
