package org.moe4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The PyTorch 2.7 that DJL has on Maven Central, by a program that is compiled as it starts, experiments/peers/TorchWorks.java. Maven brings its
 * libraries (112 MB) to target/peers the first time that peers are asked for; the project itself does not depend on them.
 */
final class DjlTorch {
    private static final Path FOLDER = Path.of("experiments", "peers");
    private static final Path LIBRARIES = Path.of("target", "peers");
    private static final Path WHOLE = LIBRARIES.resolve("whole"); // there once Maven has brought all of them
    private static final List<String> WORKS = List.of("sgemm", "skinny", "grouped", "elementwise", "attention", "moe-step", "lm-step");
    private static final int MINUTES = 5;

    private DjlTorch() {}

    static String missing(String device) {
        boolean has = System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64");
        if (!device.equals(TorchProgram.CPU) || !has) {
            return "DJL's PyTorch (for processors, by Linux on x86-64)";
        }
        return Files.exists(WHOLE) || fetch("-o") || fetch("-U") ? null
            : "DJL's PyTorch (Maven could not bring what " + FOLDER.resolve("pom.xml") + " names; is Maven Central in reach?)";
    }

    private static boolean fetch(String mode) {
        try {
            Process maven = new ProcessBuilder("mvn", "-q", "-B", mode, "-f", FOLDER.resolve("pom.xml").toString(), "dependency:copy-dependencies",
                "-DoutputDirectory=" + LIBRARIES.toAbsolutePath()).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            if (!maven.waitFor(MINUTES, TimeUnit.MINUTES)) {
                maven.destroy();
                return false;
            }
            if (maven.exitValue() == 0) {
                Files.writeString(WHOLE, "");
            }
            return maven.exitValue() == 0;
        } catch (IOException absent) {
            return false;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    static List<Peer> open(String work, Size size, int threads) {
        if (!WORKS.contains(work)) {
            return List.of();
        }
        List<String> command = new ArrayList<>(Arrays.asList(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g", "-Xlog:disable",
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Dai.djl.offline=true", "-DDJL_CACHE_DIR=" + LIBRARIES.resolve("cache"),
            "-Dai.djl.pytorch.num_threads=" + threads, "-Dai.djl.pytorch.num_interop_threads=1", "-cp", LIBRARIES + "/*", FOLDER.resolve("TorchWorks.java").toString()));
        return TorchProgram.open(command, work, size, TorchProgram.CPU, threads);
    }
}
