package org.moe4j.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** The kernels of src/main/cuda in one context, by name: a module for each file there, loaded when it is first looked into. */
final class Kernels {
    /** The files of src/main/cuda, and the resources made from them; kernels' names are distinct over all of them. */
    static final List<String> FILES = List.of("storage");
    /** Dynamic shared memory that a kernel gets unasked. */
    private static final int SHARED_UNASKED = 48 << 10;

    private final int architecture;
    private final Map<String, CUmodule> modules = new HashMap<>();
    private final Map<String, Kernel> kernels = new HashMap<>();

    private static final class Kernel extends CUfunction {
        private int sharedBytes = SHARED_UNASKED;

        private long handle() {
            return getNativePointer();
        }
    }

    /** @param architecture 90 or 80: which of the two forms of each file is loaded */
    Kernels(int architecture) {
        this.architecture = architecture;
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
        String resource = file + ".sm_" + architecture + ".ptx";
        CUmodule module = new CUmodule();
        try (InputStream ptx = Kernels.class.getResourceAsStream(resource)) {
            if (ptx == null) {
                throw new IllegalStateException("the kernels' resource " + resource + " is missing: build with -Pcuda");
            }
            byte[] text = ptx.readAllBytes();
            CudaException.check(JCudaDriver.cuModuleLoadData(module, Arrays.copyOf(text, text.length + 1)), "loading " + resource); // ends with a 0
            return module;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
