@echo off
setlocal
set "NODE_OPTIONS="
set "NODE_PATH="
"%~dp0node.exe" "%~dp0culvert.mjs" %*
