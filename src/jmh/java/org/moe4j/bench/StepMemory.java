package org.moe4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.stream.Stream;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;

/** A process that runs a work a few times and prints how much of the machine's memory it had at most. */
final class StepMemory {
    private StepMemory() {}

    /** @param args the device, threads, the work, how often it runs, and the words of its size */
    public static void main(String... args) {
        try (Backend on = Backends.open(args[0], Integer.parseInt(args[1]))) {
            Work work = Catalog.named(args[2]).opening().open(Size.of(String.join(" ", Arrays.asList(args).subList(4, args.length))), on);
            for (int run = Integer.parseInt(args[3]); run > 0; run--) {
                work.run();
            }
        }
        System.out.println(peak("self").orElse(-1));
    }

    /**
     * The bytes of a process that were resident at most, VmHWM of Linux: of the heap what has been touched, code, libraries, the JVM's own. Nothing
     * where the system does not say.
     *
     * @param process its number, or self
     */
    static OptionalLong peak(String process) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", process, "status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:")).mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", ""))).findFirst();
        } catch (IOException notLinux) {
            return OptionalLong.empty();
        }
    }
}
