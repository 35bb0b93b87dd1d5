package org.moe4j.data;

/**
 * A text with a name.
 *
 * @param name unique in its corpus; decides, by its hash, on which side of the split the document falls
 * @param domain the domain it belongs to
 * @param text never empty
 */
public record Document(String name, String domain, String text) {
    /** Refuses an empty text. */
    public Document {
        if (text.isEmpty()) throw new IllegalArgumentException("document '" + name + "' is empty");
    }
}
