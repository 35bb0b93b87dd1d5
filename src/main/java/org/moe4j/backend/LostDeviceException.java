package org.moe4j.backend;

/**
 * A device failed while it was computing. Nothing more can be done with it in this process; another process may go on, from
 * the last checkpoint.
 */
public final class LostDeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one sentence: which device, and what its driver says */
    public LostDeviceException(String message) {
        super(message);
    }
}
