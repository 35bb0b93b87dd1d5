package org.moe4j.interchange;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.io.InputException;

/** JSON of other people's files. */
final class JsonFile {
    static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private JsonFile() {}

    /** The object in a file.
     *
     *  @throws InputException if the file cannot be read or does not hold one */
    static ObjectNode read(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readString(file));
        } catch (CharacterCodingException notText) {
            throw new InputException("cannot read " + file + ": it is not UTF-8 text", notText);
        } catch (JsonProcessingException broken) {
            String said = InputException.firstLine(broken.getOriginalMessage());
            throw new InputException(file + " is not JSON, line " + (broken.getLocation() == null ? 1 : broken.getLocation().getLineNr()) + ": " + said, broken);
        } catch (IOException failure) {
            throw InputException.reading(file, failure);
        }
        if (root instanceof ObjectNode object) {
            return object;
        }
        throw new InputException(file + " is not a JSON object");
    }
}
