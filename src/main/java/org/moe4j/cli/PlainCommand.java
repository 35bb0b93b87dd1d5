package org.moe4j.cli;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

import org.moe4j.backend.LostDeviceException;
import org.moe4j.io.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Runs an annotated command, or one of its subcommands, so that a mistake is one sentence on standard error and exit code 2. */
public final class PlainCommand {
    private PlainCommand() {}

    /**
     * @param missing the sentence for a parameter that is not there
     * @return the exit code
     */
    public static int run(Object command, Function<CommandLine.MissingParameterException, String> missing, String... args) {
        CommandLine line = new CommandLine(command)
            .setParameterExceptionHandler((mistake, words) -> said(switch (mistake) {
                case CommandLine.UnmatchedArgumentException e -> unknown(e);
                case CommandLine.MissingParameterException e -> withoutValue(e, words).orElseGet(() -> missing.apply(e));
                default -> plain(mistake.getMessage());
            }))
            .setExecutionExceptionHandler((failure, ran, parsed) -> {
                if (failure instanceof InputException) {
                    return said(failure.getMessage());
                }
                if (failure instanceof LostDeviceException) {
                    System.err.println(failure.getMessage());
                    return ExitCode.TRY_AGAIN;
                }
                throw failure;
            });
        try {
            return line.execute(args);
        } catch (OutOfMemoryError tooSmall) {
            return said(ExitCode.heapIsFull());
        }
    }

    /** @throws InputException for a count of less than one */
    static void atLeastOne(String option, long count) {
        if (count < 1) {
            throw new InputException(option + " is " + count + ", it has to be at least 1");
        }
    }

    private static String unknown(CommandLine.UnmatchedArgumentException mistake) {
        CommandSpec spec = mistake.getCommandLine().getCommandSpec();
        String word = mistake.getUnmatched().getFirst();
        if (mistake.isUnknownOption()) {
            List<String> options = spec.options().stream().map(OptionSpec::longestName).toList();
            return InputException.unknown("option", word.split("=")[0], options).getMessage();
        }
        return spec.subcommands().isEmpty() ? "'" + word + "' is one argument too many; --help shows what there is" : InputException.unknown("command", word, spec.subcommands().keySet()).getMessage();
    }

    /** Of an option that is given as the last word, or before another option. */
    private static Optional<String> withoutValue(CommandLine.MissingParameterException mistake, String... words) {
        return mistake.getMissing().getFirst() instanceof OptionSpec option && Stream.of(words).anyMatch(List.of(option.names())::contains)
            ? Optional.of("option " + option.longestName() + " wants a value") : Optional.empty();
    }

    /** The types of numbers by their plain names. */
    private static String plain(String sentence) {
        return sentence.replaceAll(" is not an? (int|long)$", " is not a whole number").replaceAll(" is not a (double|float)$", " is not a number");
    }

    private static int said(String sentence) {
        System.err.println(sentence);
        return 2;
    }
}
