package org.moe4j.cli;

import java.util.List;
import java.util.function.Function;

import org.moe4j.io.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Runs an annotated command so that a mistake is one sentence on standard error and exit code 2. */
final class PlainCommand {
    private PlainCommand() {}

    /**
     * @param missing the sentence for a parameter that is not there
     * @return the exit code
     */
    static int run(Object command, Function<CommandLine.MissingParameterException, String> missing, String... args) {
        CommandLine line = new CommandLine(command);
        List<String> options = line.getCommandSpec().options().stream().map(OptionSpec::longestName).toList();
        return line
            .setParameterExceptionHandler((mistake, words) -> said(switch (mistake) {
                case CommandLine.UnmatchedArgumentException e when e.isUnknownOption() ->
                    InputException.unknown("option", e.getUnmatched().getFirst().split("=")[0], options).getMessage();
                case CommandLine.MissingParameterException e -> missing.apply(e);
                default -> mistake.getMessage();
            }))
            .setExecutionExceptionHandler((failure, ran, parsed) -> {
                if (failure instanceof InputException) {
                    return said(failure.getMessage());
                }
                throw failure;
            })
            .execute(args);
    }

    private static int said(String sentence) {
        System.err.println(sentence);
        return 2;
    }
}
