package org.moe4j.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.ZipException;

/**
 * A mistake of the user, or a state of their machine that they can mend, said in one sentence. The command line prints the
 * message alone and exits with 2; nothing of it is worth a stack trace.
 */
public class InputException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;
    private static final int MOST_LISTED = 24;
    private static final int MOST_SAID = 120;

    /** @param message one sentence: the thing, the value, and what would do */
    public InputException(String message) {
        super(message);
    }

    /** @param message one sentence: the thing, the value, and what would do
     *  @param cause what the machine said */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * The sentence for a name that isn't known, with the nearest one that is.
     *
     * @param what the kind of thing named, such as "option"
     * @param given what the user wrote
     * @param known every name that would do, in the order in which to list them
     * @return "unknown WHAT 'givn': did you mean 'given'? known are a, b, given"; where one is near, a long list is left out
     */
    public static InputException unknown(String what, String given, Collection<String> known) {
        Optional<String> near = nearest(given, known);
        String mistake = "unknown " + what + " '" + given + "'" + near.map(name -> ": did you mean '" + name + "'?").orElse(";");
        if (near.isPresent() && known.size() > MOST_LISTED) return new InputException(mistake);
        String rest = known.size() > MOST_LISTED ? " and " + (known.size() - MOST_LISTED) + " more" : "";
        String list = known.isEmpty() ? "none" : String.join(", ", known.stream().limit(MOST_LISTED).toList()) + rest;
        return new InputException(mistake + " known are " + list);
    }

    /**
     * The name that the user most likely meant.
     *
     * @return the known name at the smallest edit distance, letter case aside, if it is near enough to be a slip; or else the first that begins
     *     as the given one does, for most of it
     */
    public static Optional<String> nearest(String given, Collection<String> known) {
        String wanted = given.toLowerCase(Locale.ROOT);
        return known.stream()
                .filter(name -> distance(wanted, name.toLowerCase(Locale.ROOT)) <= Math.max(1, Math.max(given.length(), name.length()) / 3))
                .min(Comparator.comparingInt(name -> distance(wanted, name.toLowerCase(Locale.ROOT))))
                .or(() -> known.stream().filter(name -> beginning(wanted, name.toLowerCase(Locale.ROOT)) > Math.max(2, 2 * wanted.length() / 3)).findFirst());
    }

    /** "1 tensor is" or "1,234 tensors are", with the words for one and for more. */
    public static String counted(int number, String one, String more) {
        return String.format(Locale.ROOT, "%,d %s", number, number == 1 ? one : more);
    }

    /** The first line of what a parser of a library says of broken text, cut short where it repeats the text. */
    public static String firstLine(String said) {
        String line = said.lines().findFirst().orElse("");
        return line.length() <= MOST_SAID ? line : line.substring(0, MOST_SAID) + " ..";
    }

    /** How many letters two names have in common at their beginning. */
    private static int beginning(String a, String b) {
        int n = 0;
        while (n < Math.min(a.length(), b.length()) && a.charAt(n) == b.charAt(n)) n++;
        return n;
    }

    /** The sentence for a file that could not be read. */
    public static InputException reading(Path path, IOException cause) {
        return new InputException("cannot read " + path + ": " + reason(path, cause), cause);
    }

    /** The sentence for a file that could not be written; a full disk is named as such. */
    public static InputException writing(Path path, IOException cause) {
        return new InputException("cannot write " + path + ": " + (diskFull(path, cause) ? "the disk is full" : reason(path, cause)), cause);
    }

    private static String reason(Path path, IOException cause) {
        Path folder = cause instanceof FileAlreadyExistsException ? path : path.getParent();
        while (folder != null && !Files.isRegularFile(folder)) folder = folder.getParent();
        if (folder != null) return folder + " is a file, not a folder";
        return switch (cause) {
            case NoSuchFileException _ -> "there is no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case CharacterCodingException _ -> "it is not UTF-8 text";
            case ZipException broken -> "it is not a sound compressed file (" + broken.getMessage() + ")";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        };
    }

    /** The system's words may be in any language, so the room left on the disk is asked as well. */
    private static boolean diskFull(Path path, IOException cause) {
        String said = String.valueOf(cause.getMessage());
        if (said.contains("No space left") || said.contains("not enough space") || said.contains("quota exceeded")) return true;
        try {
            Path folder = path.toAbsolutePath().getParent();
            return folder != null && Files.isDirectory(folder) && Files.getFileStore(folder).getUsableSpace() < 4096
                    && !(cause instanceof AccessDeniedException);
        } catch (IOException | SecurityException unknown) {
            return false;
        }
    }

    /** Damerau's edit distance: insertions, deletions, substitutions and swaps of neighbours. */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
                boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
        return d[a.length()][b.length()];
    }
}
