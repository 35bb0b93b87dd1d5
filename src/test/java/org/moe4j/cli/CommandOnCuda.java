package org.moe4j.cli;

import java.util.Arrays;

import org.moe4j.sweep.Sweep;

/** A command of experiments as a program, for drivers that only a JVM of its own can have. */
final class CommandOnCuda {
    private CommandOnCuda() {}

    /** @param arguments train or granularity, and its options */
    public static void main(String[] arguments) {
        String[] options = Arrays.copyOfRange(arguments, 1, arguments.length);
        if (arguments[0].equals("train")) {
            System.exit(Training.run(options));
        }
        Study.main("granularity", "", options, study -> study.run(Sweep.of(study.spec())));
    }
}
