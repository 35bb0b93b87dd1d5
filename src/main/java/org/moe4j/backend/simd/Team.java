package org.moe4j.backend.simd;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * A fixed team of platform threads that share out numbered tasks; the caller is one of them.
 *
 * <p>Tasks are handed out by a counter, so which thread runs a task is left to chance. A kernel gets the same bits on any
 * team because every output value belongs to exactly one task and no task depends on how many threads there are.
 *
 * <p>Between regions a worker spins for a few microseconds and then parks: kernels follow each other closely in a training
 * step, but the machine may have other work. A worker that wakes late finds the door closed and holds nobody up.
 *
 * <p>Linux may put a thread that has just been woken on the processor of the one that woke it, next to an idle one, and leave both there
 * for as long as they run: a team of two is then as slow as one thread. So a worker found on the processor of another member is moved.
 */
public final class Team implements AutoCloseable {
    /** Values in one task of an elementwise kernel: 64 KiB of each array. */
    static final int CHUNK = 16384;

    private static final int CLOSED = Integer.MIN_VALUE / 2;
    private static final long SPIN_NANOS = 30_000;
    /** Time between two looks at where the members are: where other processes keep the processors busy, they can't always be apart. */
    private static final long LOOK_NANOS = 5_000_000;

    private final Worker[] workers;
    /** Number of workers inside the region; below zero when no region is open. */
    private final AtomicInteger door = new AtomicInteger(CLOSED);
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private int tasks;
    private IntConsumer body;
    private long looked = System.nanoTime();
    private volatile Thread waiting;
    private volatile Throwable failure;
    private volatile boolean stopped;

    /** A team of {@code threads} threads, the caller included; one thread runs everything in the caller. */
    public Team(int threads) {
        workers = new Worker[Math.max(threads, 1) - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    /** Number of threads, the caller included. */
    public int size() {
        return workers.length + 1;
    }

    /**
     * Runs {@code body} for every task number from 0 to {@code count - 1} and returns when all are done. A call from inside a
     * region, or while another thread has the team, runs in the calling thread. What a task throws is thrown here.
     */
    public void parallel(int count, IntConsumer body) {
        if (count <= 1 || workers.length == 0 || !busy.compareAndSet(0, 1)) {
            for (int i = 0; i < count; i++) body.accept(i);
            return;
        }
        try {
            run(count, body);
        } finally {
            this.body = null;
            busy.set(0);
        }
    }

    /** A run of consecutive values. */
    interface Run {
        void run(int at, int n);
    }

    /** Runs {@code body} for n values in chunks of {@link #CHUNK}. */
    void chunks(int n, Run body) {
        parallel(Sgemm.blocks(n, CHUNK), c -> body.run(c * CHUNK, Math.min(CHUNK, n - c * CHUNK)));
    }

    /** Runs {@code body} for each row, a chunk's worth of rows a task. */
    void rows(int rows, int cols, IntConsumer body) {
        int each = rowsATask(cols);
        parallel(Sgemm.blocks(rows, each), task -> {
            for (int r = task * each; r < Math.min(rows, (task + 1) * each); r++) body.accept(r);
        });
    }

    /** How many rows of so many values make a task. */
    static int rowsATask(int cols) {
        return Math.max(1, CHUNK / Math.max(1, cols));
    }

    private void run(int count, IntConsumer region) {
        tasks = count;
        body = region;
        failure = null;
        next.set(0);
        keepApart();
        door.set(0);
        for (int i = 0; i < workers.length && i < count - 1; i++) workers[i].wake();
        takeTasks();
        waiting = Thread.currentThread();
        if (door.addAndGet(CLOSED) != CLOSED) {
            long start = System.nanoTime();
            while (door.get() != CLOSED) {
                if (System.nanoTime() - start < SPIN_NANOS) Thread.onSpinWait();
                else LockSupport.park(this);
            }
        }
        waiting = null;
        Throwable thrown = failure;
        if (thrown instanceof RuntimeException e) throw e;
        if (thrown instanceof Error e) throw e;
    }

    /** Now and then, moves the workers that were last seen on the processor of the caller or of a worker before them. */
    private void keepApart() {
        long now = System.nanoTime();
        if (now - looked < LOOK_NANOS) return;
        looked = now;
        int own = Cores.current();
        if (own == Cores.UNKNOWN) return;
        BitSet taken = new BitSet();
        taken.set(own);
        for (Worker worker : workers) {
            int core = worker.core;
            if (core == Cores.UNKNOWN) continue;
            if (taken.get(core)) Cores.move(worker.thread, taken);
            else taken.set(core);
        }
    }

    private void takeTasks() {
        try {
            for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) body.accept(i);
        } catch (RuntimeException | Error e) {
            failure = e;
            next.set(tasks); // the others stop at their next task
        }
    }

    /** Stops the workers; regions opened later run in their callers. */
    @Override
    public void close() {
        stopped = true;
        for (Worker worker : workers) LockSupport.unpark(worker);
    }

    private final class Worker extends Thread {
        private volatile boolean parked;
        private int thread;
        /** Where it was when it last entered a region. */
        private volatile int core = Cores.UNKNOWN;

        Worker(int number) {
            super("moe4j-" + number);
            setDaemon(true);
        }

        void wake() {
            if (parked) LockSupport.unpark(this);
        }

        @Override
        public void run() {
            thread = Cores.thread();
            long idleSince = System.nanoTime();
            while (!stopped) {
                if (enter()) {
                    core = Cores.current();
                    takeTasks();
                    leave();
                    idleSince = System.nanoTime();
                } else if (System.nanoTime() - idleSince < SPIN_NANOS) {
                    Thread.onSpinWait();
                } else {
                    parked = true; // announced before the last look: a region opened after it finds this worker to wake
                    if (!workWaits() && !stopped) LockSupport.park(Team.this);
                    parked = false;
                    idleSince = System.nanoTime();
                }
            }
        }

        private boolean enter() {
            while (workWaits()) {
                int inside = door.get();
                if (inside >= 0 && door.compareAndSet(inside, inside + 1)) return true;
            }
            return false;
        }

        private boolean workWaits() {
            return door.get() >= 0 && next.get() < tasks;
        }

        private void leave() {
            if (door.decrementAndGet() == CLOSED) {
                Thread caller = waiting;
                if (caller != null) LockSupport.unpark(caller);
            }
        }
    }
}
