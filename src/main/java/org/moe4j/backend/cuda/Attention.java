package org.moe4j.backend.cuda;

import java.util.Arrays;
import java.util.stream.Stream;

import org.moe4j.backend.AttentionShape;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Storage;

/** Attention and its gradients, in memory linear in the sequence's length: attention.cu. */
final class Attention {
    private static final int BLOCK = 256;
    private static final int WARPS = 8;
    private static final int PAD = 4;

    private final Device device;

    Attention(Device device) {
        this.device = device;
    }

    /** The kernels of heads up to a width, and their tiles of queries and keys, as at the end of attention.cu. */
    private enum Width {
        W32(32, 64, 64, 32, 64), W64(64, 64, 64, 32, 64), W128(128, 64, 32, 32, 32), W256(256, 32, 32, 16, 16);

        final int headDim;
        final int queries;
        final int keys;
        final int gradQueries;
        final int gradKeys;

        Width(int headDim, int queries, int keys, int gradQueries, int gradKeys) {
            this.headDim = headDim;
            this.queries = queries;
            this.keys = keys;
            this.gradQueries = gradQueries;
            this.gradKeys = gradKeys;
        }

        static Width of(int headDim) {
            return Arrays.stream(values()).filter(w -> headDim <= w.headDim).findFirst()
                    .orElseThrow(() -> new InputException("attention: a head has " + headDim + " values, the cuda back end takes at most 256; more heads would do"));
        }

        int forwardShared() {
            return Float.BYTES * ((queries + keys) * (headDim + PAD) + queries * (keys + PAD));
        }

        /** @param scores tiles of scores */
        int gradShared(int scores) {
            return Float.BYTES * (2 * (gradQueries + gradKeys) * (headDim + PAD) + scores * gradQueries * (gradKeys + PAD));
        }
    }

    private static long[] structure(AttentionShape s) {
        return new long[] {s.batch(), s.queries(), s.keys(), s.heads(), s.keyHeads(), s.headDim(), s.causal() ? 1 : 0, s.distances()};
    }

    void forward(AttentionShape s, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse) {
        Width width = Width.of(s.headDim());
        device.launch("attention" + width.headDim, Math.ceilDiv(s.queries(), width.queries), s.heads(), s.batch(), BLOCK, width.forwardShared(),
                structure(s), (float) s.scale(), (float) s.softCap(), q, k, v, bias, y, lse);
    }

    void backward(AttentionShape s, Storage q, Storage k, Storage v, Storage bias, Storage y, Storage lse, Storage dy, Storage dq, Storage dk, Storage dv,
            Storage dbias) {
        Width width = Width.of(s.headDim());
        long rows = (long) s.batch() * s.queries() * s.heads();
        try (Scratch scratch = device.scratch()) {
            DeviceStorage expected = scratch.floats(rows);
            device.launch("attentionExpected", Math.toIntExact(Math.ceilDiv(rows, (long) WARPS)), 1, 1, BLOCK, 0, y, dy, s.queries(), s.heads(), s.headDim(), rows,
                    expected);
            Object[] inputs = {structure(s), (float) s.scale(), (float) s.softCap(), q, k, v, bias, lse, dy, expected};
            grad("attentionQueryGrad", width, Math.ceilDiv(s.queries(), width.gradQueries), s.heads(), s.batch(), 1, inputs, dq);
            grad("attentionKeyGrad", width, Math.ceilDiv(s.keys(), width.gradKeys), s.keyHeads(), s.batch(), 2, inputs, dk, dv);
            if (dbias != null) {
                grad("attentionBiasGrad", width, Math.ceilDiv(s.distances(), width.gradKeys), s.heads(), 1, 1, inputs, dbias);
            }
        }
    }

    private void grad(String kernel, Width width, int tiles, int heads, int batch, int scores, Object[] inputs, Object... gradients) {
        device.launch(kernel + width.headDim, tiles, heads, batch, BLOCK, width.gradShared(scores), Stream.concat(Stream.of(inputs), Stream.of(gradients)).toArray());
    }
}
