package org.moe4j.backend.cuda;

import java.util.Set;

import org.moe4j.backend.LostDeviceException;

import jcuda.driver.CUresult;

/** The driver refused a call. */
final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    /** After these a context answers every call with the same code, until its process ends. */
    private static final Set<Integer> FOR_GOOD = Set.of(CUresult.CUDA_ERROR_ECC_UNCORRECTABLE, CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
            CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_LAUNCH_TIMEOUT, CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED,
            CUresult.CUDA_ERROR_ASSERT, CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR, CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
            CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE, CUresult.CUDA_ERROR_INVALID_PC,
            CUresult.CUDA_ERROR_LAUNCH_FAILED, CUresult.CUDA_ERROR_UNKNOWN);

    private final int code;

    private CudaException(int code, String what) {
        super(what + ": the CUDA driver says " + name(code));
        this.code = code;
    }

    /**
     * @param what the call, or the kernel's name
     * @throws LostDeviceException if it, or work queued before it, has failed so that nothing more can be done
     * @throws CudaException if the driver refused it otherwise
     */
    static void check(int code, String what) {
        if (FOR_GOOD.contains(code)) {
            throw new LostDeviceException("the CUDA device was lost at " + what + ", or at work before it: its driver says " + name(code)
                    + "; a new process may go on from the last checkpoint");
        }
        if (code != CUresult.CUDA_SUCCESS) {
            throw new CudaException(code, what);
        }
    }

    /** The driver's own name of a code, with the number, which newer drivers may have more of. */
    static String name(int code) {
        return CUresult.stringFor(code) + " (" + code + ")";
    }

    int code() {
        return code;
    }
}
