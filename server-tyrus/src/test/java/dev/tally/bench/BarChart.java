package dev.tally.bench;

import java.util.List;
import java.util.Locale;

/** Horizontal bars as SVG: a group for each row of a table, a bar for each of its columns. */
final class BarChart {

  private static final List<String> COLORS = List.of("#1f6feb", "#8ab4f8", "#d97706", "#fcd34d");
  private static final int WIDTH = 760;
  private static final int LEFT = 130;
  private static final int RIGHT = 60;
  private static final int BAR = 14;
  private static final int GAP = 12;
  private static final int LEGEND_LINE = 18;

  private BarChart() {}

  static String svg(String title, Samples samples) {
    List<String> columns = samples.columns();
    double largest = 0;
    for (String row : samples.names()) {
      for (String column : columns) {
        largest = Math.max(largest, samples.has(row, column) ? samples.median(row, column) : 0);
      }
    }
    StringBuilder bars = new StringBuilder();
    int y = 30;
    for (int i = 0; i < columns.size(); i++) {
      bars.append(rectangle(LEFT, y, 10, COLORS.get(i)));
      bars.append(text(LEFT + 16, y + 10, "start", columns.get(i)));
      y += LEGEND_LINE;
    }
    for (String row : samples.names()) {
      y += GAP;
      bars.append(text(LEFT - 8, y + BAR - 3, "end", row));
      for (int i = 0; i < columns.size(); i++) {
        if (samples.has(row, columns.get(i))) {
          double value = samples.median(row, columns.get(i));
          double length = value / largest * (WIDTH - LEFT - RIGHT);
          bars.append(rectangle(LEFT, y, length, COLORS.get(i)));
          String label = String.format(Locale.ROOT, "%.1f", value);
          bars.append(text(LEFT + length + 6, y + BAR - 3, "start", label));
          y += BAR;
        }
      }
    }
    return String.format(
        Locale.ROOT,
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
        <title>%s</title>
        <rect width="100%%" height="100%%" fill="#ffffff"/>
        %s%s</svg>
        """,
        WIDTH,
        y + GAP,
        title,
        text(LEFT, 18, "start", title),
        bars);
  }

  private static String rectangle(double x, int y, double width, String color) {
    return String.format(
        Locale.ROOT,
        "<rect x=\"%.0f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
        x,
        y,
        width,
        BAR - 2,
        color);
  }

  private static String text(double x, int y, String anchor, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.0f\" y=\"%d\" text-anchor=\"%s\">%s</text>%n",
        x,
        y,
        anchor,
        text);
  }
}
