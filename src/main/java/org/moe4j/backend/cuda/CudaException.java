package org.moe4j.backend.cuda;

import jcuda.driver.CUresult;

/** The driver refused a call, or says that work queued before it failed. */
final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;

    CudaException(int code, String what) {
        super(what + ": " + CUresult.stringFor(code) + " (" + code + ")");
        this.code = code;
    }

    /** @param what the call, or the kernel's name */
    static void check(int code, String what) {
        if (code != CUresult.CUDA_SUCCESS) {
            throw new CudaException(code, what);
        }
    }

    int code() {
        return code;
    }
}
