package org.moe4j.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.moe4j.io.InputException;

import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** The kernels of src/main/cuda in one context, by name: a module for each file there, loaded when it is first looked into. */
final class Kernels {
    /** The files of src/main/cuda, and the resources made from them; kernels' names are distinct over all of them. */
    static final List<String> FILES = List.of("storage", "random", "unary", "strided", "gemm", "tensor_gemm", "lists", "rows", "neurons", "columns", "top_k", "row_functions", "norms", "attention", "rotary", "adam");
    /** Dynamic shared memory that a kernel gets unasked. */
    private static final int SHARED_UNASKED = 48 << 10;

    private final Form form;
    private final Map<String, CUmodule> modules = new HashMap<>();
    private final Map<String, Kernel> kernels = new HashMap<>();

    private static final class Kernel extends CUfunction {
        private int sharedBytes = SHARED_UNASKED;

        private long handle() {
            return getNativePointer();
        }
    }

    /** The forms that each file is compiled to, best first, and the CUDA version from which on drivers read them, as 1000 major + 10 minor. */
    private enum Form {
        SM_90(90, 11080), SM_80(80, 11000);

        final int capability;
        final int version;

        Form(int capability, int version) {
            this.capability = capability;
            this.version = version;
        }
    }

    private Kernels(Form form) {
        this.form = form;
    }

    /**
     * The best kernels that a device and its driver take.
     *
     * @param capability 10 major + minor
     * @param driver the newest CUDA version that the driver knows
     * @throws InputException if there are none
     */
    static Kernels of(int capability, int driver, String device) {
        Form least = Form.SM_80;
        if (capability < least.capability) {
            throw new InputException(device + " has compute capability " + decimal(capability, 10) + ", the kernels need " + decimal(least.capability, 10) + " or more");
        }
        for (Form form : Form.values()) {
            if (capability >= form.capability && driver >= form.version) {
                return new Kernels(form);
            }
        }
        throw new InputException("the NVIDIA driver is too old: it knows CUDA " + decimal(driver / 10, 100) + ", the kernels need "
                + decimal(least.version / 10, 100) + " or newer; install a newer driver");
    }

    static String decimal(int number, int unit) {
        return number / unit + "." + number % unit;
    }

    /** The handle of a kernel that may use so much dynamic shared memory. */
    long handle(String name, int sharedBytes) {
        Kernel kernel = kernels.computeIfAbsent(name, this::find);
        if (sharedBytes > kernel.sharedBytes) {
            CudaException.check(JCudaDriver.cuFuncSetAttribute(kernel,
                    jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes), name);
            kernel.sharedBytes = sharedBytes;
        }
        return kernel.handle();
    }

    private Kernel find(String name) {
        Kernel kernel = new Kernel();
        for (String file : FILES) {
            int code = JCudaDriver.cuModuleGetFunction(kernel, modules.computeIfAbsent(file, this::load), name);
            if (code != CUresult.CUDA_ERROR_NOT_FOUND) {
                CudaException.check(code, name);
                return kernel;
            }
        }
        throw new IllegalStateException("no kernel " + name + " in " + FILES);
    }

    private CUmodule load(String file) {
        String resource = file + ".sm_" + form.capability + ".ptx";
        CUmodule module = new CUmodule();
        try (InputStream ptx = Kernels.class.getResourceAsStream(resource)) {
            if (ptx == null) {
                throw new IllegalStateException("the kernels' resource " + resource + " is missing: build with -Pcuda");
            }
            byte[] text = ptx.readAllBytes();
            int code = JCudaDriver.cuModuleLoadData(module, Arrays.copyOf(text, text.length + 1)); // ends with a 0
            if (code == CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION) {
                throw new InputException("the NVIDIA driver is too old to read the kernels in " + resource + ": install a newer one");
            }
            CudaException.check(code, "loading " + resource);
            return module;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
