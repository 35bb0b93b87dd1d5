package org.moe4j.sweep;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends a run cleanly when the JVM is told to stop: its checkpoint is written first. Closed when the run has ended by itself. */
public final class CtrlC implements AutoCloseable {
    private static final int STOP_SECONDS = 120;

    private final CountDownLatch ended = new CountDownLatch(1);

    /**
     * @param stop ends the run soon
     * @param howToGoOn what is said once it has ended; nothing if empty
     */
    public CtrlC(Runnable stop, String howToGoOn) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (ended.getCount() == 0) {
                return;
            }
            stop.run();
            try {
                if (ended.await(STOP_SECONDS, TimeUnit.SECONDS) && !howToGoOn.isEmpty()) {
                    System.out.println("\n" + howToGoOn);
                }
            } catch (InterruptedException again) {
                Thread.currentThread().interrupt();
            }
        }, "stop"));
    }

    @Override
    public void close() {
        ended.countDown();
    }
}
