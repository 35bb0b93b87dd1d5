package org.moe4j.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.moe4j.io.InputException;

/**
 * Text from files and folders: UTF-8, plain or gzip (by the ending .gz). A file is a domain, named as it is without its
 * ending. In a folder each sub-folder is a domain, with all that is below it, and the files beside them make one named
 * as the folder. A folder without sub-folders holds a domain in each file, if there are at most {@value #FILE_DOMAINS}
 * of them, or else is one domain. Names that start with a dot, and empty files in a folder, are passed over.
 */
public final class TextFiles {
    private static final int FILE_DOMAINS = 64;
    private static final long LARGEST_FILE = 1L << 30;

    private TextFiles() { }

    /** The documents of several files and folders, in a fixed order.
     *
     *  @throws InputException for the first that is not there, cannot be read, is empty or is not UTF-8 */
    public static List<Document> read(List<Path> paths) {
        List<Document> documents = new ArrayList<>();
        Set<Path> seen = new HashSet<>();
        for (Path path : paths) {
            try {
                if (!seen.add(path.toRealPath())) throw new InputException("text " + path + " is given twice");
                if (Files.isDirectory(path)) {
                    readFolder(path.toRealPath(), documents);
                } else {
                    documents.add(document(path, path.getFileName().toString(), domain(path)));
                }
            } catch (IOException failure) {
                throw InputException.reading(path, failure);
            }
        }
        return documents;
    }

    private static void readFolder(Path folder, List<Document> documents) throws IOException {
        String name = String.valueOf(folder.getFileName());
        List<Path> files = children(folder).stream().filter(Files::isRegularFile).toList();
        List<Path> folders = children(folder).stream().filter(Files::isDirectory).toList();
        int before = documents.size();
        boolean fileDomains = folders.isEmpty() && files.size() <= FILE_DOMAINS;
        for (Path file : files) add(file, folder, fileDomains ? domain(file) : name, documents);
        for (Path domain : folders) addAll(domain, folder, domain.getFileName().toString(), documents);
        if (documents.size() == before) throw new InputException("folder " + folder + " holds no text");
    }

    private static void addAll(Path folder, Path root, String domain, List<Document> documents) throws IOException {
        for (Path child : children(folder)) {
            if (Files.isDirectory(child)) addAll(child, root, domain, documents);
            if (Files.isRegularFile(child)) add(child, root, domain, documents);
        }
    }

    private static void add(Path file, Path root, String domain, List<Document> documents) throws IOException {
        if (Files.size(file) > 0) documents.add(document(file, root.getFileName() + "/" + root.relativize(file), domain));
    }

    private static List<Path> children(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.filter(p -> !p.getFileName().toString().startsWith(".")).sorted().toList();
        }
    }

    /** "law_de.txt.gz" as "law_de". */
    private static String domain(Path file) {
        return file.getFileName().toString().replaceFirst("(?<=.)[.]gz$", "").replaceFirst("(?<=.)[.][^.]*$", "");
    }

    private static Document document(Path file, String name, String domain) {
        try {
            if (Files.size(file) > LARGEST_FILE) throw new InputException("text " + file + " is larger than 1 GB: give a part of it");
            byte[] bytes = Files.readAllBytes(file);
            if (file.toString().endsWith(".gz")) bytes = unzipped(file, bytes);
            String text = decode(file, bytes);
            if (text.isEmpty()) throw new InputException("text " + file + " is empty");
            return new Document(name, domain, text);
        } catch (IOException failure) {
            throw InputException.reading(file, failure);
        }
    }

    private static byte[] unzipped(Path file, byte[] bytes) throws IOException {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            byte[] content = in.readNBytes((int) LARGEST_FILE + 1);
            if (content.length > LARGEST_FILE) throw new InputException("text " + file + " is larger than 1 GB: give a part of it");
            return content;
        }
    }

    private static String decode(Path file, byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();   // reports what it cannot read
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) throw new InputException("text " + file + " is not UTF-8: see byte " + in.position());
        String text = out.flip().toString();
        return text.startsWith("\uFEFF") ? text.substring(1) : text;    // a byte order mark is no text
    }
}
