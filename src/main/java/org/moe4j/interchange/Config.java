package org.moe4j.interchange;

import java.nio.file.Path;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.io.InputException;

/**
 * The fields of a config.json. A field that is null counts as left out.
 *
 * @param file where it was read, for messages
 * @param fields all of them, those that nobody asks for too
 */
record Config(Path file, ObjectNode fields) {
    /** Reads a file.
     *
     *  @throws InputException if it cannot be read or is not a JSON object */
    static Config read(Path file) {
        return new Config(file, JsonFile.read(file));
    }

    boolean has(String field) {
        return !fields.path(field).isMissingNode() && !fields.path(field).isNull();
    }

    /** Whether the field stands there without a value, which some fields tell from being left out. */
    boolean isNull(String field) {
        return fields.path(field).isNull();
    }

    /** A whole number of at least 1 that must be there. */
    int positive(String field) {
        if (!has(field)) {
            throw new InputException(file + " has no field '" + field + "', a whole number of at least 1");
        }
        JsonNode value = fields.get(field);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw wrong(field, "a whole number of at least 1");
        }
        return value.intValue();
    }

    int positive(String field, int otherwise) {
        return has(field) ? positive(field) : otherwise;
    }

    double number(String field, double otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        if (!fields.get(field).isNumber()) {
            throw wrong(field, "a number");
        }
        return fields.get(field).doubleValue();
    }

    boolean flag(String field, boolean otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        if (!fields.get(field).isBoolean()) {
            throw wrong(field, "true or false");
        }
        return fields.get(field).booleanValue();
    }

    String text(String field, String otherwise) {
        if (!has(field)) {
            return otherwise;
        }
        if (!fields.get(field).isTextual()) {
            throw wrong(field, "a text");
        }
        return fields.get(field).textValue();
    }

    /** The first token of {@code eos_token_id}, which may be a list; null where there is none. */
    Integer endOfText() {
        if (!has("eos_token_id")) {
            return null;
        }
        JsonNode value = fields.get("eos_token_id");
        JsonNode first = value.isArray() ? value.path(0) : value;
        if (!first.isIntegralNumber() || !first.canConvertToInt() || first.intValue() < 0) {
            throw wrong("eos_token_id", "a token's number");
        }
        return first.intValue();
    }

    /** The base of rotary positions, which newer files keep in a group {@code rope_parameters}. */
    double rotaryBase(double otherwise) {
        refuseScaling("rope_scaling");
        refusePart(fields);
        if (has("rope_parameters")) {
            refuseScaling("rope_parameters");
            JsonNode base = fields.get("rope_parameters").path("rope_theta");
            if (base.isNumber()) {
                return base.doubleValue();
            }
        }
        return number("rope_theta", otherwise);
    }

    private void refusePart(JsonNode group) {
        JsonNode part = group.path("partial_rotary_factor");
        if (part.isNumber() && part.doubleValue() != 1) {
            throw new InputException(file + ": partial_rotary_factor is " + part + ", only 1 is supported: rotary positions over whole heads");
        }
    }

    private void refuseScaling(String field) {
        if (has(field)) {
            JsonNode group = fields.get(field);
            refusePart(group);
            String kind = group.path("rope_type").asText(group.path("type").asText("default"));
            if (!kind.equals("default")) {
                throw new InputException(file + ": " + field + " wants rotary positions of the kind '" + kind + "', only 'default' is supported");
            }
        }
    }

    /** Refuses a field with a value that would compute something else. */
    void require(String field, JsonNode wanted) {
        if (has(field) && !fields.get(field).equals(wanted)) {
            throw new InputException(file + ": " + field + " is " + fields.get(field) + ", only " + wanted + " is supported");
        }
    }

    private InputException wrong(String field, String want) {
        return new InputException(file + ": " + field + " is " + fields.get(field) + ", want " + want);
    }
}
