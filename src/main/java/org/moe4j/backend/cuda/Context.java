package org.moe4j.backend.cuda;

import java.util.HashMap;
import java.util.Map;

import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * The primary context of a GPU, with the kernels loaded into it. A process makes it once, which takes a good part of a second,
 * and keeps it; other libraries in the process share it.
 */
final class Context {
    private static final ThreadLocal<Context> ENTERED = new ThreadLocal<>();
    private static final Map<Integer, Context> MADE = new HashMap<>();

    private final CUdevice device = new CUdevice();
    private final Handle context = new Handle();
    private final Kernels kernels;
    private final int multiprocessors;

    private static final class Handle extends CUcontext {
        private long value() {
            return getNativePointer();
        }
    }

    private Context(int ordinal) {
        NativeLibraries.load();
        CudaException.check(JCudaDriver.cuInit(0), "starting the driver");
        CudaException.check(JCudaDriver.cuDeviceGet(device, ordinal), "device " + ordinal);
        CudaException.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "the context of device " + ordinal);
        enter();
        kernels = new Kernels(attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) >= 9 ? 90 : 80);
        multiprocessors = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    static synchronized Context of(int ordinal) {
        Context context = MADE.get(ordinal);
        if (context == null) {
            context = new Context(ordinal);
            MADE.put(ordinal, context);
        }
        return context;
    }

    /** Contexts belong to threads: this becomes the calling one's, if it isn't. */
    void enter() {
        if (ENTERED.get() != this) {
            Driver.setCurrent(context.value());
            ENTERED.set(this);
        }
    }

    /** The handle of a kernel that may use so much dynamic shared memory. */
    synchronized long kernel(String name, int sharedBytes) {
        return kernels.handle(name, sharedBytes);
    }

    int multiprocessors() {
        return multiprocessors;
    }

    private int attribute(int which) {
        int[] value = new int[1];
        CudaException.check(JCudaDriver.cuDeviceGetAttribute(value, which, device), "asking for an attribute");
        return value[0];
    }
}
