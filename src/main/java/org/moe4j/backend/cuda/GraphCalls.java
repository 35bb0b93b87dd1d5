package org.moe4j.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The driver's calls that make, change and launch graphs on one stream, straight through {@code java.lang.foreign}; structures
 * are those of cuda.h. For one thread at a time.
 */
final class GraphCalls {
    /** The CUDA version from which on drivers have all of them. */
    static final int VERSION = 11040;

    private static final MethodHandle CREATE = Driver.handle("cuGraphCreate", ADDRESS, JAVA_INT);
    private static final MethodHandle DESTROY = Driver.handle("cuGraphDestroy", JAVA_LONG);
    private static final MethodHandle INSTANTIATE = Driver.handle("cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DESTROY_EXECUTABLE = Driver.handle("cuGraphExecDestroy", JAVA_LONG);
    private static final MethodHandle LAUNCH = Driver.handle("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BEGIN_CAPTURE = Driver.handle("cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
    private static final MethodHandle END_CAPTURE = Driver.handle("cuStreamEndCapture", JAVA_LONG, ADDRESS);
    // From 12.0 on with a larger structure, whose new fields may be 0.
    private static final MethodHandle ADD_KERNEL = Driver.newest("cuGraphAddKernelNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle SET_KERNEL = Driver.newest("cuGraphExecKernelNodeSetParams", JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle ADD_FILL = Driver.handle("cuGraphAddMemsetNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle SET_FILL = Driver.handle("cuGraphExecMemsetNodeSetParams", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle ADD_COPY = Driver.handle("cuGraphAddMemcpyNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle SET_COPY = Driver.handle("cuGraphExecMemcpyNodeSetParams", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle ADD_CHILD = Driver.handle("cuGraphAddChildGraphNode", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);

    private static final int CAPTURE_MODE_RELAXED = 2;
    private static final int MEMORY_HOST = 1;
    private static final int MEMORY_DEVICE = 2;

    private final long context;
    private final long stream;
    private final MemorySegment made = Arena.ofAuto().allocate(JAVA_LONG);
    private final MemorySegment before = Arena.ofAuto().allocate(JAVA_LONG);
    private final MemorySegment kernel = Arena.ofAuto().allocate(72, Long.BYTES);
    private final MemorySegment fill = Arena.ofAuto().allocate(40, Long.BYTES);
    private final MemorySegment copy = Arena.ofAuto().allocate(200, Long.BYTES);

    GraphCalls(long context, long stream) {
        this.context = context;
        this.stream = stream;
    }

    long create() {
        Driver.check("making a graph", () -> (int) CREATE.invokeExact(made, 0));
        return made.get(JAVA_LONG, 0);
    }

    long instantiate(long graph) {
        Driver.check("instantiating a graph", () -> (int) INSTANTIATE.invokeExact(made, graph, 0L));
        return made.get(JAVA_LONG, 0);
    }

    void launch(long executable) {
        Driver.check("launching a graph", () -> (int) LAUNCH.invokeExact(executable, stream));
    }

    void destroy(long graph) {
        Driver.check("dropping a graph", () -> (int) DESTROY.invokeExact(graph));
    }

    void destroyExecutable(long executable) {
        Driver.check("dropping a graph", () -> (int) DESTROY_EXECUTABLE.invokeExact(executable));
    }

    long addKernel(long graph, long previous, Work.Kernel work) {
        MemorySegment parameters = parameters(work);
        long count = behind(previous);
        Driver.check(work.name(), () -> (int) ADD_KERNEL.invokeExact(made, graph, before, count, parameters));
        return made.get(JAVA_LONG, 0);
    }

    void setKernel(long executable, long node, Work.Kernel work) {
        MemorySegment parameters = parameters(work);
        Driver.check(work.name(), () -> (int) SET_KERNEL.invokeExact(executable, node, parameters));
    }

    /** CUDA_KERNEL_NODE_PARAMS. */
    private MemorySegment parameters(Work.Kernel work) {
        kernel.set(JAVA_LONG, 0, work.function());
        int[] sizes = {work.gridX(), work.gridY(), work.gridZ(), work.blockX(), 1, 1, work.sharedBytes()};
        MemorySegment.copy(sizes, 0, kernel, JAVA_INT, 8, sizes.length);
        kernel.set(ADDRESS, 40, work.arguments().pointers());
        return kernel;
    }

    long addFill(long graph, long previous, Work.Fill work) {
        MemorySegment parameters = parameters(work);
        long count = behind(previous);
        Driver.check("filling memory", () -> (int) ADD_FILL.invokeExact(made, graph, before, count, parameters, context));
        return made.get(JAVA_LONG, 0);
    }

    void setFill(long executable, long node, Work.Fill work) {
        MemorySegment parameters = parameters(work);
        Driver.check("filling memory", () -> (int) SET_FILL.invokeExact(executable, node, parameters, context));
    }

    /** CUDA_MEMSET_NODE_PARAMS: one row of words. */
    private MemorySegment parameters(Work.Fill work) {
        fill.set(JAVA_LONG, 0, work.to());
        fill.set(JAVA_LONG, 8, 0);                                                 // pitch, of several rows
        fill.set(JAVA_INT, 16, work.word());
        fill.set(JAVA_INT, 20, Integer.BYTES);
        fill.set(JAVA_LONG, 24, work.words());
        fill.set(JAVA_LONG, 32, 1);
        return fill;
    }

    long addCopy(long graph, long previous, Work.Copy work) {
        MemorySegment parameters = parameters(work);
        long count = behind(previous);
        Driver.check("a copy to the device", () -> (int) ADD_COPY.invokeExact(made, graph, before, count, parameters, context));
        return made.get(JAVA_LONG, 0);
    }

    void setCopy(long executable, long node, Work.Copy work) {
        MemorySegment parameters = parameters(work);
        Driver.check("a copy to the device", () -> (int) SET_COPY.invokeExact(executable, node, parameters, context));
    }

    /** CUDA_MEMCPY3D: one row of bytes; all that is not set stays 0. */
    private MemorySegment parameters(Work.Copy work) {
        copy.set(JAVA_INT, 32, work.fromHost() ? MEMORY_HOST : MEMORY_DEVICE);
        copy.set(JAVA_LONG, 40, work.fromHost() ? work.from() : 0);
        copy.set(JAVA_LONG, 48, work.fromHost() ? 0 : work.from());
        copy.set(JAVA_LONG, 72, work.bytes());                                     // pitch and height
        copy.set(JAVA_LONG, 80, 1);
        copy.set(JAVA_INT, 120, MEMORY_DEVICE);
        copy.set(JAVA_LONG, 136, work.to());
        copy.set(JAVA_LONG, 160, work.bytes());
        copy.set(JAVA_LONG, 168, 1);
        copy.set(JAVA_LONG, 176, work.bytes());
        copy.set(JAVA_LONG, 184, 1);
        copy.set(JAVA_LONG, 192, 1);
        return copy;
    }

    /** A node of whatever a work submits to the stream, which does not run now. */
    long addCaptured(long graph, long previous, Work work) {
        Driver.check("capturing a product", () -> (int) BEGIN_CAPTURE.invokeExact(stream, CAPTURE_MODE_RELAXED));
        long captured;
        try {
            work.submit(stream);
        } finally {
            Driver.check("capturing a product", () -> (int) END_CAPTURE.invokeExact(stream, made));
            captured = made.get(JAVA_LONG, 0);
        }
        long count = behind(previous);
        try {
            Driver.check("adding a product", () -> (int) ADD_CHILD.invokeExact(made, graph, before, count, captured));
            return made.get(JAVA_LONG, 0);
        } finally {
            destroy(captured);
        }
    }

    /** Puts the node that the next one waits for into its place, and returns how many that are. */
    private long behind(long previous) {
        before.set(JAVA_LONG, 0, previous);
        return previous == 0 ? 0 : 1;
    }
}
