package org.moe4j.cli;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

import org.moe4j.io.InputException;
import org.moe4j.sweep.Option;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Command-line options made from the components of a spec record: component {@code learningRate} is option
 * {@code --learning-rate} and, in the YAML file, field {@code learningRate}.
 */
public final class SpecOptions {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})\\.\\.(\\d{1,9})");

    private final Class<? extends Record> spec;
    private final CommandSpec command;

    /** @param title what the study answers, for the help text */
    public SpecOptions(String name, String title, Class<? extends Record> spec) {
        this.spec = spec;
        command = CommandSpec.create().name(name);
        command.usageMessage().description(title, "").sortOptions(false).width(120).abbreviateSynopsis(true);
        for (RecordComponent component : spec.getRecordComponents()) {
            boolean many = List.class.isAssignableFrom(component.getType());
            command.addOption(OptionSpec.builder(optionName(component))
                .paramLabel(many ? "A,B,.." : label(component.getType())).hideParamSyntax(true)
                .arity(many ? "1..*" : "1")
                .type(many ? List.class : String.class).auxiliaryTypes(String.class)
                .splitRegex(many ? "," : "")
                .description(component.getAnnotation(Option.class).value())
                .build());
        }
    }

    /** Adds an option that is not part of the spec. */
    public SpecOptions option(String name, String label, String description) {
        OptionSpec.Builder option = OptionSpec.builder(name).description(description);
        command.addOption((label == null ? option.arity("0").type(boolean.class) : option.arity("1").paramLabel(label).type(String.class)).build());
        return this;
    }

    /**
     * What was given.
     *
     * @throws InputException for an option that does not exist, or one without its value
     */
    public Given parse(String... args) {
        CommandLine line = new CommandLine(command).setUnmatchedArgumentsAllowed(true).setUnmatchedOptionsArePositionalParams(false);
        CommandLine.ParseResult result;
        try {
            result = line.parseArgs(args);
        } catch (CommandLine.MissingParameterException missing) {
            String option = ((OptionSpec) missing.getMissing().getFirst()).longestName();
            throw new InputException("option " + option + " wants a value", missing);
        } catch (CommandLine.OverwrittenOptionException twice) {
            throw new InputException("option " + ((OptionSpec) twice.getOverwritten()).longestName() + " is given twice", twice);
        } catch (CommandLine.ParameterException other) {
            throw new InputException(other.getMessage(), other);
        }
        for (OptionSpec option : result.matchedOptions()) {
            if (option.getValue() instanceof List<?> values) {
                values.stream().map(String.class::cast).filter(v -> v.startsWith("--")).findFirst().ifPresent(this::refuse);
            }
        }
        if (!result.unmatched().isEmpty()) {
            String first = result.unmatched().getFirst();
            if (first.startsWith("-")) {
                refuse(first);
            }
            throw new InputException("'" + first + "' is not an option; options start with --, and --help lists them");
        }
        return new Given(result);
    }

    /** An option there is not. */
    private void refuse(String word) {
        throw InputException.unknown("option", word.split("=")[0], List.copyOf(command.optionsMap().keySet()));
    }

    /** The help text. */
    public String usage() {
        return new CommandLine(command).getUsageMessage();
    }

    /** The options of one call. */
    public final class Given {
        private final CommandLine.ParseResult result;

        private Given(CommandLine.ParseResult result) {
            this.result = result;
        }

        public boolean has(String option) {
            return result.hasMatchedOption(option);
        }

        /** The value of an option outside the spec, or null. */
        public String value(String option) {
            return result.matchedOptionValue(option, null);
        }

        /** The components that were given, as the YAML text of a spec with only these. */
        public String yaml() {
            Map<String, String> fields = new LinkedHashMap<>();
            for (RecordComponent component : spec.getRecordComponents()) {
                String option = optionName(component);
                if (has(option)) {
                    Object value = result.matchedOptionValue(option, (Object) null);
                    fields.put(component.getName(), value instanceof List<?> list
                        ? list.stream().flatMap(v -> range(option, (String) v)).map(v -> quoted(component, v)).collect(Collectors.joining(", ", "[", "]"))
                        : quoted(component, (String) value));
                }
            }
            if (fields.isEmpty()) {
                return "{}";
            }
            return fields.entrySet().stream().map(f -> f.getKey() + ": " + f.getValue()).collect(Collectors.joining("\n"));
        }

        /** "1..3" is 1, 2, 3; anything else stands for itself. */
        private static Stream<String> range(String option, String value) {
            Matcher range = RANGE.matcher(value);
            if (!range.matches()) {
                return Stream.of(value);
            }
            long first = Long.parseLong(range.group(1));
            long last = Long.parseLong(range.group(2));
            if (first > last) {
                throw new InputException(option + " has " + value + ", a range that counts down; " + last + ".." + first + " would do");
            }
            return LongStream.rangeClosed(first, last).mapToObj(Long::toString);
        }

        /** Text is quoted, so that a path or a name reads as nothing else; numbers and names of choices stand as they are. */
        private String quoted(RecordComponent component, String value) {
            boolean text = component.getType() == String.class || component.getGenericType().getTypeName().contains("java.lang.String");
            return text ? "'" + value.replace("'", "''") + "'" : value;
        }
    }

    /** The folder that {@code --out} names, or a new one for this moment.
     *
     *  @throws InputException for {@code --resume} without it */
    static Path folder(Given given, String name) {
        String out = given.value("--out");
        if (out == null && given.has("--resume")) {
            throw new InputException("--resume wants --out, the folder of the " + name + " run to go on with");
        }
        return Path.of(out != null ? out : "out/" + name + "-" + LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")));
    }

    private static String optionName(RecordComponent component) {
        return "--" + component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static String label(Class<?> type) {
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants()).map(c -> c.toString().toLowerCase(Locale.ROOT)).collect(Collectors.joining("|"));
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true|false";
        }
        return type.isPrimitive() || Number.class.isAssignableFrom(type) ? "NUMBER" : "TEXT";
    }
}
