package org.moe4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.moe4j.io.AtomicFile;
import org.openjdk.jmh.runner.RunnerException;

/** Where the time of training steps goes, by samples of Flight Recorder on the calling thread in the last seconds of a run. */
final class Profile {
    static final List<String> WORKS = List.of("lm-step", "lm-moe-step", "lm-peer-step");
    private static final String KERNELS = "org.moe4j.backend.simd.";
    private static final String TEAM = KERNELS + "Team";
    private static final int SHOWN = 8;
    private static final Duration STEADY = Duration.ofSeconds(4);

    private final Forks forks;
    private final int threads;

    Profile(Forks forks, int threads) {
        this.forks = forks;
        this.threads = threads;
    }

    void run(Path out) throws RunnerException {
        for (String work : WORKS) {
            Path recording = forks.record(Catalog.named(work), threads);
            List<List<String>> stacks = steady(recording);
            print(work, stacks);
            if (out != null) {
                AtomicFile.write(out.resolve("profile-" + work + ".svg"), FlameGraph.svg(work + ", " + threads + (threads == 1 ? " thread" : " threads"), stacks));
            }
            try {
                Files.delete(recording);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    private static void print(String work, List<List<String>> stacks) {
        Map<String, Integer> places = new HashMap<>();
        stacks.forEach(stack -> places.merge(place(stack), 1, Integer::sum));
        double waiting = places.getOrDefault(TEAM, 0);
        double outside = places.entrySet().stream().filter(p -> !p.getKey().startsWith(KERNELS)).mapToInt(Map.Entry::getValue).sum();
        double all = Math.max(1, stacks.size());
        System.out.printf(Locale.ROOT, "%s: %.0f %% in kernels, %.0f %% waiting for other threads, %.0f %% outside (%,d samples)%n", work,
            100 * (all - waiting - outside) / all, 100 * waiting / all, 100 * outside / all, stacks.size());
        places.entrySet().stream().sorted(Map.Entry.comparingByValue(Comparator.reverseOrder())).limit(SHOWN)
            .forEach(p -> System.out.printf(Locale.ROOT, "  %4.1f %%  %s%n", 100 * p.getValue() / all, p.getKey()));
    }

    /** The class of the kernel that was running, or else of the innermost of our methods. */
    private static String place(List<String> stack) {
        List<String> inwards = stack.reversed();
        return inwards.stream().filter(frame -> frame.startsWith(KERNELS)).findFirst()
            .or(() -> inwards.stream().filter(frame -> frame.startsWith("org.moe4j.")).findFirst())
            .map(frame -> frame.substring(0, frame.lastIndexOf('.'))).orElse("elsewhere");
    }

    /** Stacks below {@link Work#run}, outermost frame first, of the last seconds in which it ran. */
    private static List<List<String>> steady(Path recording) {
        List<Instant> times = new ArrayList<>();
        List<List<String>> stacks = new ArrayList<>();
        try (RecordingFile file = new RecordingFile(recording)) {
            while (file.hasMoreEvents()) {
                RecordedEvent event = file.readEvent();
                if (event.getEventType().getName().equals("jdk.ExecutionSample") && event.getStackTrace() != null) {
                    List<String> frames = new ArrayList<>(event.getStackTrace().getFrames().stream().filter(RecordedFrame::isJavaFrame)
                        .map(f -> f.getMethod().getType().getName().replaceAll("[/$]+(Lambda|\\d).*", "") + "." + f.getMethod().getName()).toList());
                    Collections.reverse(frames);
                    int from = frames.indexOf(WorkBench.class.getName() + ".run");
                    if (from >= 0) {
                        times.add(event.getStartTime());
                        stacks.add(frames.subList(from + 1, frames.size()));
                    }
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        Instant last = times.stream().max(Comparator.naturalOrder()).orElse(Instant.EPOCH);
        List<List<String>> late = new ArrayList<>();
        for (int i = 0; i < times.size(); i++) {
            if (times.get(i).isAfter(last.minus(STEADY))) {
                late.add(stacks.get(i));
            }
        }
        return late;
    }
}
