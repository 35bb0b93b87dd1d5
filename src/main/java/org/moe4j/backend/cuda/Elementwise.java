package org.moe4j.backend.cuda;

import java.util.List;

import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Functions of single values, random numbers, and moves between strided layouts: storage.cu, random.cu, unary.cu, strided.cu. */
final class Elementwise {
    private static final int BLOCK = 256;
    /** Values that a thread takes at a time. */
    private static final int PACK = 4;
    /** Values of a block's part of a sum of squares, and the most parts: by them alone the order of the sum is fixed. */
    private static final int SQUARES = 16 * PACK * BLOCK;
    private static final int MOST_PARTS = 1024;
    /** Values of a square of a transpose. */
    private static final int SQUARE = 32 * 32;
    /** Elements that a thread sums one after the other. */
    private static final int CHUNK = 128;
    /** With so many sums at once a device is full, and each needs no parts. */
    private static final int MANY_SUMS = 1 << 16;
    private static final int MOST_CHUNKS = 4096;

    private final Device device;

    Elementwise(Device device) {
        this.device = device;
    }

    private void overAll(String kernel, long n, Object... arguments) {
        device.launch(kernel, device.blocks(n, BLOCK * PACK), 1, 1, BLOCK, 0, arguments);
    }

    void axpy(double alpha, Storage x, Storage y) {
        overAll("axpy", y.size(), (float) alpha, x, y, y.size());
    }

    void scale(double alpha, Storage x) {
        overAll("scale", x.size(), (float) alpha, x, x.size());
    }

    /** Parts of each, then the sum of each in its place, then of all: they are waited for once. */
    double sumOfSquares(List<Storage> all) {
        int most = all.stream().mapToInt(x -> parts(x.size())).max().orElse(0);
        try (Scratch scratch = device.scratch()) {
            DeviceInts parts = scratch.ints(2 * most);
            DeviceInts sums = scratch.ints(2 * (all.size() + 1));
            for (int i = 0; i < all.size(); i++) {
                Storage x = all.get(i);
                device.launch("squares", parts(x.size()), 1, 1, BLOCK, 0, x, x.size(), parts);
                device.launch("sumOfParts", 1, 1, 1, BLOCK, 0, parts, parts(x.size()), sums.slice(2 * i, 2));
            }
            DeviceInts sum = sums.slice(2 * all.size(), 2);
            device.launch("sumOfParts", 1, 1, 1, BLOCK, 0, sums, all.size(), sum);
            int[] words = sum.toArray();
            return Double.longBitsToDouble((long) words[1] << 32 | words[0] & 0xffffffffL);
        }
    }

    private static int parts(long size) {
        return (int) Math.clamp(Math.ceilDiv(size, (long) SQUARES), 1, MOST_PARTS);
    }

    void uniform(CounterRandom random, double low, double high, Storage x) {
        device.launch("uniform", device.blocks(x.size(), BLOCK), 1, 1, BLOCK, 0, random.key(), low, high, x, x.size());
    }

    void normal(CounterRandom random, double deviation, Storage x) {
        device.launch("normal", device.blocks(x.size(), BLOCK), 1, 1, BLOCK, 0, random.key(), deviation, x, x.size());
    }

    void unary(Unary f, Storage x, Storage y) {
        overAll("unary", x.size(), f.function().ordinal(), (float) f.p(), (float) f.q(), x, y, x.size());
    }

    void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx) {
        overAll("unaryGrad", x.size(), f.function().ordinal(), (float) f.p(), (float) f.q(), x, y, dy, dx, x.size());
    }

    void binary(Binary f, int[] dims, Strided a, Strided b, Storage y) {
        StridedAxes axes = StridedAxes.of(dims, rowMajor(dims), a.strides(), b.strides());
        long n = axes.count();
        device.launch("binary", device.blocks(n, BLOCK), 1, 1, BLOCK, 0, f.ordinal(), axes.structure(), n, y, from(a), from(b));
    }

    void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db) {
        Strided grad = new Strided(dy, 0, rowMajor(dims));
        if (da != null) {
            reduce(f, false, dims, new Strided(da, a.offset(), a.strides()), grad, a, b);
        }
        if (db != null) {
            reduce(f, true, dims, new Strided(db, b.offset(), b.strides()), grad, a, b);
        }
    }

    void move(int[] dims, Strided x, Strided y, boolean add) {
        if (add) {
            reduce(Binary.ADD, false, dims, y, x, x, x);                         // dy · d(a + b)/da, which is dy
            return;
        }
        StridedAxes axes = StridedAxes.of(dims, y.strides(), x.strides()).ordered();
        long n = axes.count();
        StridedAxes.Exchange exchange = axes.exchange();
        if (exchange != null && n > 0) {
            device.launch("transpose", device.blocks(n, SQUARE), 1, 1, BLOCK, 0, exchange.rest().structure(), exchange.rest().count(), exchange.across(), exchange.down(),
                    exchange.firstStep(), exchange.secondStep(), from(y), from(x));
            return;
        }
        device.launch("move", device.blocks(n, BLOCK), 1, 1, BLOCK, 0, axes.structure(), n, from(y), from(x));
    }

    /** dx adds dy df/da, or df/db if {@code second}, summed over the axes along which dx doesn't move. */
    private void reduce(Binary f, boolean second, int[] dims, Strided dx, Strided dy, Strided a, Strided b) {
        StridedAxes kept = StridedAxes.moving(dims, dx.strides(), dy.strides(), a.strides(), b.strides());
        StridedAxes summed = StridedAxes.still(dims, dx.strides(), dy.strides(), a.strides(), b.strides());
        long n = kept.count();
        long m = summed.count();
        if (n == 0 || m == 0) {
            return;
        }
        boolean byRows = summed.leastStep(1) < kept.leastStep(1);
        long serial = byRows ? CHUNK * 32L : CHUNK;                              // 32 lanes share a row
        int chunks = (int) Math.clamp(Math.min(Math.ceilDiv(m, serial), MANY_SUMS / n), 1, MOST_CHUNKS);
        long chunk = Math.ceilDiv(m, (long) chunks);
        long blocks = Math.ceilDiv(n, byRows ? BLOCK / 32L : BLOCK);
        try (Scratch scratch = device.scratch()) {
            DeviceStorage parts = chunks == 1 ? null : scratch.floats(chunks * n);
            device.launch(byRows ? "reduceRows" : "reduceColumns", Math.toIntExact(blocks), chunks, 1, BLOCK, 0,
                    f.ordinal(), second, kept.structure(), summed.structure(), n, m, chunk, from(dx), from(dy), from(a), from(b), parts);
            if (parts != null) {
                device.launch("addParts", Math.toIntExact(Math.ceilDiv(n, BLOCK / 32L)), 1, 1, BLOCK, 0, kept.structure(), n, chunks, parts, from(dx));
            }
        }
    }

    private static long[] rowMajor(int[] dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= dims[axis];
        }
        return strides;
    }

    /** Where a strided operand's first element is. */
    private static DeviceStorage from(Strided x) {
        DeviceStorage all = DeviceStorage.of(x.data());
        return all.size() == 0 ? all : all.slice(x.offset(), all.size() - x.offset());
    }
}
