package org.moe4j.backend;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a main class of the tests in a JVM of its own, with this one's class path. */
public final class ChildJvm {
    private ChildJvm() {}

    /** All that it printed, errors included. */
    public static String run(List<String> options, Class<?> main, String... arguments) throws IOException, InterruptedException {
        return run(options, Map.of(), main, arguments);
    }

    /** @param environment further variables */
    public static String run(List<String> options, Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        Process child = start(options, environment, main, arguments);
        String printed = new String(child.getInputStream().readAllBytes());
        child.waitFor();
        return printed;
    }

    /** One that runs beside this JVM; its output is to be read. */
    public static Process start(List<String> options, Map<String, String> environment, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx512m", "-Duser.language=en"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return builder.start();
    }
}
