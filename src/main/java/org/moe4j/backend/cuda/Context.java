package org.moe4j.backend.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.moe4j.io.InputException;

import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The primary context of a GPU, with the kernels loaded into it. A process makes it once, which takes a good part of a second,
 * and keeps it; other libraries in the process share it.
 */
final class Context {
    private static final String OTHERWISE = "; the simd back end computes without one";
    private static final Path MODULE = Path.of("/proc/driver/nvidia/version");
    private static final Pattern MODULE_VERSION = Pattern.compile("\\s(\\d{3,}(?:\\.\\d+)+)\\s");
    private static final ThreadLocal<Context> ENTERED = new ThreadLocal<>();
    private static final Map<Integer, Context> MADE = new HashMap<>();

    private final CUdevice device = new CUdevice();
    private final Handle context = new Handle();
    private final String name;
    private final Kernels kernels;
    private final int multiprocessors;
    private final int driverVersion;

    private static final class Handle extends CUcontext {
        private long value() {
            return getNativePointer();
        }
    }

    private Context(int ordinal) {
        startDriver();
        requireDevice(ordinal);
        CudaException.check(JCudaDriver.cuDeviceGet(device, ordinal), "choosing device " + ordinal);
        name = "cuda:" + ordinal + " (" + name() + ")";
        int capability = 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        driverVersion = driverVersion();
        kernels = Kernels.of(capability, driverVersion, name);
        multiprocessors = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        retain();
        enter();
    }

    /** @throws InputException if there is no driver, no such device, or none that serves, in one sentence */
    static synchronized Context of(int ordinal) {
        Context context = MADE.get(ordinal);
        if (context == null) {
            context = new Context(ordinal);
            MADE.put(ordinal, context);
        }
        return context;
    }

    private static void startDriver() {
        try {
            NativeLibraries.load();
        } catch (LinkageError absent) {
            throw new InputException(reason(String.valueOf(absent.getMessage())), absent);
        }
        int code = JCudaDriver.cuInit(0);
        if (code == CUresult.CUDA_ERROR_NO_DEVICE) {
            throw new InputException("there is no CUDA device: an NVIDIA driver is installed, but sees no GPU" + OTHERWISE);
        }
        if (code != CUresult.CUDA_SUCCESS) {
            throw new InputException("the NVIDIA driver does not start, it says " + CudaException.name(code) + OTHERWISE);
        }
    }

    /** What a failure to load comes from; the messages are pages of traces. */
    private static String reason(String failure) {
        if (failure.contains("Illegal native access") || failure.contains("native access")) {
            return "the cuda back end calls native libraries, which this JVM does not allow: start java with --enable-native-access=ALL-UNNAMED";
        }
        if (failure.contains("libcuda.so") || failure.contains("nvcuda") || failure.contains("dependent libraries")) {
            return "there is no NVIDIA driver on this machine: libcuda.so.1 is not found" + OTHERWISE;
        }
        return "JCuda has no native library for " + System.getProperty("os.name") + " on " + System.getProperty("os.arch") + OTHERWISE;
    }

    private static void requireDevice(int ordinal) {
        int[] count = new int[1];
        CudaException.check(JCudaDriver.cuDeviceGetCount(count), "counting devices");
        if (ordinal >= count[0]) {
            throw new InputException(count[0] == 0 ? "there is no CUDA device on this machine" + OTHERWISE
                    : "there is no CUDA device " + ordinal + ": this machine has " + count[0] + ", " + (count[0] == 1 ? "cuda:0" : "cuda:0 to cuda:" + (count[0] - 1)));
        }
    }

    private static int driverVersion() {
        int[] version = new int[1];
        CudaException.check(JCudaDriver.cuDriverGetVersion(version), "asking for the driver's version");
        return version[0];
    }

    private void retain() {
        int code = JCudaDriver.cuDevicePrimaryCtxRetain(context, device);
        if (code == CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE) {
            throw new InputException(name + " is busy: another process has it to itself, as its compute mode allows; wait, or choose another device");
        }
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw new InputException(name + " has no memory left to begin with: other processes hold it; wait, or choose another device");
        }
        CudaException.check(code, "making a context on " + name);
    }

    /** Contexts belong to threads: this becomes the calling one's, if it isn't. */
    void enter() {
        if (ENTERED.get() != this) {
            Driver.setCurrent(context.value());
            ENTERED.set(this);
        }
    }

    long handle() {
        return context.value();
    }

    /** The GPU's name, and its driver's version where the system tells it, with the newest CUDA that it knows. */
    String description() {
        return name() + ", driver" + moduleVersion() + " of CUDA " + Kernels.decimal(driverVersion / 10, 100);
    }

    private static String moduleVersion() {
        try {
            Matcher version = MODULE_VERSION.matcher(Files.readString(MODULE));
            return version.find() ? " " + version.group(1) : "";
        } catch (IOException notLinux) {
            return "";
        }
    }

    /** @throws InputException if the driver has no graphs that serve */
    void requireGraphs() {
        if (driverVersion < GraphCalls.VERSION) {
            throw new InputException("the NVIDIA driver is too old for graphs: it knows CUDA " + Kernels.decimal(driverVersion / 10, 100) + ", they need "
                    + Kernels.decimal(GraphCalls.VERSION / 10, 100) + " or newer; install a newer driver, or leave +graphs out of the device's name");
        }
    }

    /** The handle of a kernel that may use so much dynamic shared memory. */
    synchronized long kernel(String kernel, int sharedBytes) {
        return kernels.handle(kernel, sharedBytes);
    }

    int multiprocessors() {
        return multiprocessors;
    }

    /** As in "cuda:0 (NVIDIA H200)". */
    @Override
    public String toString() {
        return name;
    }

    private String name() {
        byte[] letters = new byte[256];
        CudaException.check(JCudaDriver.cuDeviceGetName(letters, letters.length, device), "asking for the device's name");
        return new String(letters, java.nio.charset.StandardCharsets.UTF_8).split("\0", 2)[0];
    }

    private int attribute(int which) {
        int[] value = new int[1];
        CudaException.check(JCudaDriver.cuDeviceGetAttribute(value, which, device), "asking for an attribute");
        return value[0];
    }
}
