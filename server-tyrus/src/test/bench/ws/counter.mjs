// The counter on npm ws: node counter.mjs PORT
import { WebSocketServer } from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  path: "/ws/chat/",
  backlog: 4096,
});
server.on("connection", (socket) => {
  let count = 0;
  socket.on("message", (data) => {
    // As the other servers do, it makes the text: it was sent to be read.
    data.toString();
    socket.send(`{"count": ${++count}}`);
  });
});
