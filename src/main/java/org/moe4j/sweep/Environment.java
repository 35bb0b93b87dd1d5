package org.moe4j.sweep;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.moe4j.backend.Backend;

/**
 * Where a result came from, beside its spec.
 *
 * @param commit the git commit of the code, "+changes" behind it if the tree differed; "unknown" outside a checkout
 * @param java the JVM's version and name
 * @param processor as the system names it, with the number of processors the JVM may use
 * @param memoryMegabytes the largest heap
 * @param device the GPU that computed and its driver; null where the processor did
 */
public record Environment(String commit, String java, String system, String processor, long memoryMegabytes, @JsonProperty String device) {
    /** With the processor for all computing. */
    public static Environment here() {
        Runtime jvm = Runtime.getRuntime();
        return new Environment(commitOfCode(),
            System.getProperty("java.vm.name") + " " + Runtime.version(),
            System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
            processorName() + ", " + jvm.availableProcessors() + " used", jvm.maxMemory() >> 20, null);
    }

    /** The same, with the device that a back end computes on. */
    public Environment on(Backend backend) {
        return new Environment(commit, java, system, processor, memoryMegabytes, backend.deviceName().orElse(null));
    }

    private static String commitOfCode() {
        String head = git("rev-parse", "--short=12", "HEAD");
        if (head.isEmpty()) {
            return "unknown";
        }
        return git("status", "--porcelain", "--untracked-files=no").isEmpty() ? head : head + "+changes";
    }

    /** What git prints in the folder of the code, or nothing where there is no git or no checkout. */
    private static String git(String... words) {
        try {
            Path code = Path.of(Environment.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            Process git = new ProcessBuilder(Stream.concat(Stream.of("git"), Stream.of(words)).toList())
                .directory((Files.isDirectory(code) ? code : code.getParent()).toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String printed = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0 ? printed : "";
        } catch (IOException | java.net.URISyntaxException | SecurityException absent) {
            return "";
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static String processorName() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.startsWith("model name")).findFirst().map(l -> l.substring(l.indexOf(':') + 1).strip()).orElse("unknown processor");
        } catch (IOException | java.io.UncheckedIOException notLinux) {
            String windows = System.getenv("PROCESSOR_IDENTIFIER");
            return windows == null ? System.getProperty("os.arch") : windows;
        }
    }
}
