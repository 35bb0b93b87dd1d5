package org.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.moe4j.io.InputException;

/**
 * The text that every full JDK carries: the source code in its lib/src.zip. Each module is a domain.
 *
 * <p>The licence at the head of a file is cut off: it is the same in thousands of files, and learning it by heart would
 * make up much of the fall of the loss. Files of more than {@value #LARGEST_FILE} bytes, mostly generated tables, are left out.
 *
 * @param archive the src.zip
 * @param modules the modules to read
 * @param bytesPerModule how much text to take of each at most; which files, is decided by a hash of their names
 */
public record JdkSource(Path archive, List<String> modules, long bytesPerModule) {
    /** Modules as different as the JDK has: the library, user interface, XML, a compiler, management, the network, a shell, documentation. */
    public static final List<String> MODULES = List.of("java.base", "java.desktop", "java.xml", "jdk.compiler",
            "java.management", "java.net.http", "jdk.jshell", "jdk.javadoc");

    private static final int LARGEST_FILE = 150_000;
    private static final Pattern LICENCE_WORDS = Pattern.compile("(?i)copyright|licen[cs]e|do not remove or alter");

    /** Copies the list. */
    public JdkSource {
        modules = List.copyOf(modules);
    }

    /** The source of the JDK that runs this.
     *
     *  @throws InputException if it carries none */
    public static JdkSource ofRunningJdk(long bytesPerModule) {
        return ofJdk(Path.of(System.getProperty("java.home")), bytesPerModule);
    }

    static JdkSource ofJdk(Path home, long bytesPerModule) {
        Path archive = home.resolve("lib").resolve("src.zip");
        if (!Files.isReadable(archive)) {
            throw new InputException("the default text is the source code in a JDK's lib/src.zip, which the JDK at " + home
                    + " does not have: give a text of your own with --text FILE, or run on a JDK with its sources");
        }
        return new JdkSource(archive, MODULES, bytesPerModule);
    }

    /** The files' texts, module by module.
     *
     *  @throws InputException if the archive cannot be read or lacks a module */
    public List<Document> documents() {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            List<? extends ZipEntry> all = zip.stream().filter(e -> e.getName().endsWith(".java") && e.getSize() <= LARGEST_FILE).toList();
            return modules.parallelStream().flatMap(module -> read(zip, module, all).stream()).toList();
        } catch (UncheckedIOException failure) {
            throw InputException.reading(archive, failure.getCause());
        } catch (IOException failure) {
            throw InputException.reading(archive, failure);
        }
    }

    private List<Document> read(ZipFile zip, String module, List<? extends ZipEntry> all) {
        List<? extends ZipEntry> files = all.stream().filter(e -> e.getName().startsWith(module + "/")).toList();
        if (files.isEmpty()) throw new InputException(archive + " has no source of the module " + module);
        List<Document> documents = new ArrayList<>();
        long taken = 0;
        for (ZipEntry file : Split.<ZipEntry>byHash("sample", files, ZipEntry::getName)) {
            if (taken >= bytesPerModule) break;
            String text = withoutLicence(text(zip, file));
            if (text.isEmpty()) continue;
            taken += text.length();
            documents.add(new Document(file.getName(), module, text));
        }
        return documents;
    }

    private static String text(ZipFile zip, ZipEntry file) {
        try (InputStream in = zip.getInputStream(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The text from behind the comments about copyright and licence with which it starts. */
    static String withoutLicence(String source) {
        String text = source.strip();
        while (text.startsWith("/*")) {
            int end = text.indexOf("*/");
            if (end < 0 || !LICENCE_WORDS.matcher(text.substring(0, end)).find()) break;
            text = text.substring(end + 2).strip();
        }
        return text.isEmpty() ? "" : text + "\n";
    }
}
