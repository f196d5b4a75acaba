/**
 * The WebSocket protocol as a server reads it: frames and messages, their rules, and the limits and
 * budgets that bound what clients make the process hold. It knows neither the network (Grizzly) nor
 * the Jakarta API (Tyrus), so every class can be tested with bytes alone.
 */
@NullMarked
package dev.tally.server.websocket;

import org.jspecify.annotations.NullMarked;
