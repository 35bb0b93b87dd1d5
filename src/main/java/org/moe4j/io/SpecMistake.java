package org.moe4j.io;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns what Jackson says about a spec into one sentence for the person who wrote it. */
final class SpecMistake {
    /** The source of a text whose lines mean nothing to the user. */
    static final String NOWHERE = "";
    private static final Pattern MISSING = Pattern.compile("Missing required creator property '(.+?)'");
    private static final Pattern KNOWN_TYPES = Pattern.compile("known type ids = \\[(.*?)]");

    private SpecMistake() { }

    /** @param lines the line of each field that the text gives, by JSON pointer */
    static InputException explain(JsonProcessingException mistake, String source, Map<String, Integer> lines) {
        if (!(mistake instanceof JsonMappingException mapping)) return syntax(mistake, source);
        String pointer = pointer(mapping.getPath());
        String place = at(source, pointer, lines);
        String field = dotted(pointer);
        return switch (mapping) {
            case UnrecognizedPropertyException unknown -> new InputException(
                    place + unknownField(unknown, pointer), unknown);
            case ValueInstantiationException refused -> new InputException(
                    place + (field.isEmpty() ? "" : field + ": ") + cause(refused), refused);
            case InvalidTypeIdException type -> new InputException(place + typeId(type, field), type);
            case InvalidFormatException format -> new InputException(
                    place + format(format, field), format);
            case MismatchedInputException mismatch -> new InputException(
                    misspelled(mismatch, pointer, source, lines).orElseGet(() -> place + mismatch(mismatch, field)), mismatch);
            default -> syntax(mapping, source);
        };
    }

    /** "file, line 3: ", with the line where the text has the field, or else that of the nearest one around it. */
    static String at(String source, String pointer, Map<String, Integer> lines) {
        if (source.equals(NOWHERE)) return "";
        for (String p = pointer; !p.isEmpty(); p = p.substring(0, p.lastIndexOf('/'))) {
            if (lines.containsKey(p)) return source + ", line " + lines.get(p) + ": ";
        }
        return source + ": ";
    }

    /** "/model/layers/0/width" as "model.layers[0].width". */
    static String dotted(String pointer) {
        return pointer.replaceAll("/(\\d+)(?=/|$)", "[$1]").replace('/', '.').replaceFirst("^\\.", "");
    }

    private static InputException syntax(JsonProcessingException mistake, String source) {
        String said = mistake.getOriginalMessage();
        Matcher twice = Pattern.compile("Duplicate field '(.+?)'").matcher(said);
        JsonLocation where = mistake.getLocation();
        String place = source.equals(NOWHERE) ? "" : source + (where == null ? "" : ", line " + where.getLineNr()) + ": ";
        if (twice.find()) return new InputException(place + "field '" + twice.group(1) + "' stands twice", mistake);
        List<String> words = said.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
        return new InputException(place + "not YAML (" + String.join("; ", words.subList(0, Math.min(2, words.size()))) + ")", mistake);
    }

    private static String pointer(List<JsonMappingException.Reference> path) {
        StringBuilder pointer = new StringBuilder();
        for (JsonMappingException.Reference step : path) {
            pointer.append('/').append(step.getFieldName() != null ? step.getFieldName() : String.valueOf(step.getIndex()));
        }
        return pointer.toString();
    }

    private static String unknownField(UnrecognizedPropertyException unknown, String pointer) {
        List<String> order = componentNames(unknown.getReferringClass());
        List<String> known = unknown.getKnownPropertyIds().stream().map(String::valueOf)
                .sorted(Comparator.comparingInt(order::indexOf)).toList();
        return unknownField(unknown.getPropertyName(), known, pointer.substring(0, pointer.lastIndexOf('/') + 1));
    }

    /** @param group the pointer to what the field stands in, with a '/' behind it */
    private static String unknownField(String name, List<String> known, String group) {
        String around = dotted(group.substring(0, group.length() - 1));
        return InputException.unknown(around.isEmpty() ? "field" : "field of " + around, name, known).getMessage();
    }

    private static List<String> componentNames(Class<?> type) {
        return type.isRecord() ? Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList() : List.of();
    }

    /** What the record's own check said. */
    private static String cause(ValueInstantiationException refused) {
        Throwable cause = refused.getCause();
        return cause == null || cause.getMessage() == null ? refused.getOriginalMessage() : cause.getMessage();
    }

    private static String typeId(InvalidTypeIdException type, String field) {
        Matcher known = KNOWN_TYPES.matcher(type.getOriginalMessage());
        List<String> names = known.find() ? Arrays.asList(known.group(1).split(", ")) : List.of();
        String where = field.isEmpty() ? "" : " of " + field;
        if (type.getTypeId() == null) return "missing field 'type'" + where;
        return InputException.unknown("type" + where, type.getTypeId(), names).getMessage();
    }

    private static String format(InvalidFormatException format, String field) {
        Class<?> target = format.getTargetType();
        String given = String.valueOf(format.getValue());
        if (target.isEnum()) {
            List<String> names = Arrays.stream(target.getEnumConstants()).map(String::valueOf).toList();
            return InputException.unknown("value of " + field, given, names).getMessage();
        }
        return field + " is '" + given + "', want " + wanted(target);
    }

    private static String mismatch(MismatchedInputException mismatch, String field) {
        Matcher missing = MISSING.matcher(mismatch.getOriginalMessage());
        if (missing.find()) {
            String around = field.contains(".") ? field.substring(0, field.lastIndexOf('.')) : "";
            return "missing field '" + missing.group(1) + "'" + (around.isEmpty() ? "" : " of " + around);
        }
        return field + " is not " + wanted(mismatch.getTargetType());
    }

    /** A field that is missing because it stands there under a name that is nearly its own. */
    private static Optional<String> misspelled(MismatchedInputException mismatch, String pointer, String source, Map<String, Integer> lines) {
        Matcher missing = MISSING.matcher(mismatch.getOriginalMessage());
        if (!missing.find()) return Optional.empty();
        String group = pointer.substring(0, pointer.lastIndexOf('/') + 1);
        List<String> known = mismatch.getPath().getLast().getFrom() instanceof Class<?> type ? componentNames(type) : List.of();
        return lines.keySet().stream().filter(given -> given.startsWith(group)).map(given -> given.substring(group.length()))
                .filter(name -> name.indexOf('/') < 0 && !name.equals("type") && !known.contains(name))
                .filter(name -> InputException.nearest(name, List.of(missing.group(1))).isPresent()).findFirst()
                .map(name -> at(source, group + name, lines) + unknownField(name, known, group));
    }

    private static String wanted(Class<?> type) {
        if (type == int.class || type == Integer.class) return "a whole number up to " + Integer.MAX_VALUE;
        if (type == long.class || type == Long.class) return "a whole number";
        if (type == double.class || type == Double.class || type == float.class || type == Float.class) return "a number";
        if (type == boolean.class || type == Boolean.class) return "true or false";
        if (type == String.class) return "a text";
        if (type == null) return "of the type wanted";
        if (type.isArray() || Collection.class.isAssignableFrom(type)) return "a list";
        if (type.isRecord()) return "a group of fields";
        return "a " + type.getSimpleName();
    }
}
