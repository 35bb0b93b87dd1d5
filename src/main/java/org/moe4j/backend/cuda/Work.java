package org.moe4j.backend.cuda;

import java.util.Arrays;
import java.util.Objects;

/** One piece of work for a stream: submitted by itself, or as a node of a graph. */
sealed interface Work {
    /** Has the driver do it after all that was submitted before. */
    void submit(long stream);

    /** Whether a graph's node of this work can be made to do the other: they differ in arguments at most. */
    boolean fits(Work other);

    /** Whether both do the same, to the bit. */
    boolean same(Work other);

    /** Equal for works that fit each other. */
    int shape();

    /** Adds a node behind another, which is 0 for the first. */
    long addTo(GraphCalls calls, long graph, long previous);

    /** Has the node, made of a work that this one fits, do this one from the graph's next launch on. */
    void update(GraphCalls calls, long executable, long node);

    /** A kernel, its grid, and blocks of so many threads. */
    record Kernel(String name, long function, int gridX, int gridY, int gridZ, int blockX, int sharedBytes, Arguments arguments) implements Work {
        @Override
        public void submit(long stream) {
            Driver.launch(name, function, gridX, gridY, gridZ, blockX, sharedBytes, stream, arguments.pointers());
        }

        @Override
        public boolean fits(Work other) {
            return other instanceof Kernel k && function == k.function && gridX == k.gridX && gridY == k.gridY && gridZ == k.gridZ && blockX == k.blockX
                    && sharedBytes == k.sharedBytes;
        }

        @Override
        public boolean same(Work other) {
            return fits(other) && Arrays.equals(arguments.words(), ((Kernel) other).arguments.words());
        }

        @Override
        public int shape() {
            return Objects.hash(function, gridX, gridY, gridZ, sharedBytes);
        }

        @Override
        public long addTo(GraphCalls calls, long graph, long previous) {
            return calls.addKernel(graph, previous, this);
        }

        @Override
        public void update(GraphCalls calls, long executable, long node) {
            calls.setKernel(executable, node, this);
        }
    }

    /** 32-bit words set to a value. */
    record Fill(long to, int word, long words) implements Work {
        @Override
        public void submit(long stream) {
            Driver.setWords(to, word, words, stream);
        }

        @Override
        public boolean fits(Work other) {
            return other instanceof Fill f && words == f.words;
        }

        @Override
        public boolean same(Work other) {
            return equals(other);
        }

        @Override
        public int shape() {
            return Long.hashCode(words);
        }

        @Override
        public long addTo(GraphCalls calls, long graph, long previous) {
            return calls.addFill(graph, previous, this);
        }

        @Override
        public void update(GraphCalls calls, long executable, long node) {
            calls.setFill(executable, node, this);
        }
    }

    /** A copy to the device, from the device or from pinned memory of the host. */
    record Copy(boolean fromHost, long from, long to, long bytes) implements Work {
        @Override
        public void submit(long stream) {
            if (fromHost) {
                Driver.hostToDevice(to, from, bytes, stream);
            } else {
                Driver.deviceToDevice(to, from, bytes, stream);
            }
        }

        @Override
        public boolean fits(Work other) {
            return other instanceof Copy c && fromHost == c.fromHost && bytes == c.bytes;
        }

        @Override
        public boolean same(Work other) {
            return equals(other);
        }

        @Override
        public int shape() {
            return Objects.hash(fromHost, bytes);
        }

        @Override
        public long addTo(GraphCalls calls, long graph, long previous) {
            return calls.addCopy(graph, previous, this);
        }

        @Override
        public void update(GraphCalls calls, long executable, long node) {
            calls.setCopy(executable, node, this);
        }
    }

    /** A product of cuBLAS's, whose kernels and their arguments are its own affair: a graph has it whole, and never changes it. */
    record Product(Cublas blas, boolean transposeA, boolean transposeB, int m, int n, int k, long a, long b, long c, boolean add) implements Work {
        @Override
        public void submit(long stream) {
            blas.gemm(transposeA, transposeB, m, n, k, a, b, c, add);
        }

        @Override
        public boolean fits(Work other) {
            return equals(other);
        }

        @Override
        public boolean same(Work other) {
            return equals(other);
        }

        @Override
        public int shape() {
            return hashCode();
        }

        @Override
        public long addTo(GraphCalls calls, long graph, long previous) {
            return calls.addCaptured(graph, previous, this);
        }

        @Override
        public void update(GraphCalls calls, long executable, long node) {
            throw new IllegalStateException("a product's node was to be changed");
        }
    }
}
