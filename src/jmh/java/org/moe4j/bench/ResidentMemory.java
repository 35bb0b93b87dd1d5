package org.moe4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * How much of the machine's memory a PEER step with its update has at most, in a process of its own that experiments/jvm starts, beside the tables
 * and their moments, without which there is no such step.
 *
 * @param resident its bytes
 * @param tables bytes of the tables and of Adam's two moments of them
 * @param peers the same step of others, which keep float32 whatever ours are
 */
record ResidentMemory(Size size, int threads, long resident, long tables, List<Against> peers) {
    private static final Catalog WORK = Catalog.named("peer-step");
    private static final Path LAUNCHER = Path.of("experiments", "jvm");
    private static final int STEPS = 40;
    private static final double PEER_SECONDS = 5;

    /** Bytes a peer's process had at most. */
    record Against(String peer, long resident) {}

    /** What is measured. */
    static List<Size> sizes() {
        return WORK.sizes().stream().map(Size::of).filter(size -> size.word("pass").equals("update")).toList();
    }

    /** A sentence if there is no room for it now, else null: one process after the other, those of peers with float32. */
    static String refusal(Size size, boolean peers) {
        return Memory.refusal(WORK, peers ? sizes().getFirst() : size, List.of());
    }

    static ResidentMemory of(Size size, int threads, List<PeerKind> peers, boolean quick) {
        long tables = Memory.tableBytes(WORK, size);
        return new ResidentMemory(size, threads, step(size, threads, quick ? 1 : STEPS), tables, against(size, threads, peers, quick ? 0 : PEER_SECONDS));
    }

    private static long step(Size size, int threads, int steps) {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString(), "-cp", System.getProperty("java.class.path"), StepMemory.class.getName(), "simd",
            Integer.toString(threads), WORK.work(), Integer.toString(steps)));
        command.addAll(List.of(size.toString().split(" ")));
        try {
            Path log = Files.createTempFile("bench", ".log");
            try {
                Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
                String said = new String(process.getInputStream().readAllBytes()).strip();
                if (process.waitFor() != 0) {
                    throw new IllegalStateException(Files.readString(log));
                }
                return Long.parseLong(said);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(stop);
            } finally {
                Files.delete(log);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static List<Against> against(Size size, int threads, List<PeerKind> peers, double seconds) {
        List<Against> measured = new ArrayList<>();
        for (PeerKind kind : peers) {
            for (Peer peer : kind.open(WORK.work(), size, TorchProgram.CPU, threads)) {
                try (peer) {
                    peer.secondsPerRun(seconds);
                    OptionalLong resident = peer.process().isEmpty() ? OptionalLong.empty() : StepMemory.peak(Long.toString(peer.process().getAsLong()));
                    resident.ifPresent(bytes -> measured.add(new Against(peer.name(), bytes)));
                }
            }
        }
        return measured;
    }

    String label() {
        return "memory, " + WORK.label(size);
    }

    /** Of what is resident. */
    double shareOfTables() {
        return (double) tables / resident;
    }

    /** What is in no column of the printed table. */
    String words() {
        return String.format(Locale.ROOT, "%,.0f MB beside the %,.0f of tables and moments", 1e-6 * (resident - tables), 1e-6 * tables)
            + peers.stream().map(p -> String.format(Locale.ROOT, ", %.2f %s", ratio(p), p.peer)).collect(Collectors.joining());
    }

    /** Lines of bench.csv: the rate is what is resident, the share of a peak that of the tables in it, the ratio a peer's memory over ours. */
    List<String> lines() {
        String ours = String.format(Locale.ROOT, "memory,%s,%d,,%.2f,MB,%.4f", size, threads, 1e-6 * resident, shareOfTables());
        return peers.isEmpty() ? List.of(ours + ",,,") : peers.stream().map(p -> String.format(Locale.ROOT, "%s,%s,,%.3f", ours, p.peer, ratio(p))).toList();
    }

    private double ratio(Against peer) {
        return (double) peer.resident / resident;
    }
}
