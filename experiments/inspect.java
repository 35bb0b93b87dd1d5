// What is in a checkpoint? inspect DIR: what it is, its parameters part by part, its layers, how it came about; with --text who goes where
import org.moe4j.cli.Inspection;

void main(String[] args) {
    System.exit(Inspection.run(args));
}
