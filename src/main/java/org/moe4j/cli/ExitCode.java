package org.moe4j.cli;

import org.moe4j.backend.LostDeviceException;
import org.moe4j.io.InputException;
import org.moe4j.train.DivergedException;

/**
 * How a command ends: 0 if all went well, 2 for a mistake in what was asked for, 1 for a run that failed, 75 for one whose device was lost, which
 * may be tried again; the reason on standard error.
 */
final class ExitCode {
    /** EX_TEMPFAIL of sysexits.h. */
    static final int TRY_AGAIN = 75;

    private ExitCode() {}

    static int of(Runnable command) {
        try {
            command.run();
            return 0;
        } catch (InputException mistake) {
            return said(mistake.getMessage(), 2);
        } catch (DivergedException | FailedTrials failed) {
            return said(failed.getMessage(), 1);
        } catch (LostDeviceException lost) {
            return said(lost.getMessage(), TRY_AGAIN);
        } catch (OutOfMemoryError tooSmall) {
            return said(heapIsFull(), 2);
        }
    }

    static String heapIsFull() {
        return "the heap of " + (Runtime.getRuntime().maxMemory() >> 20) + " MB is full; MOE4J_HEAP (java's -Xmx) sets a larger one";
    }

    private static int said(String sentence, int code) {
        System.err.println(sentence);
        return code;
    }
}
